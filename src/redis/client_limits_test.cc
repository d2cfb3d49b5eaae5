#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "redis/client.h"
#include "testing/fixtures/client_fixture.h"

namespace payswitch::redis {
namespace {

TEST_F(RedisClient, WhatIsBeyondTheUnsentBytesIsNotSent) {
  serve();
  options.max_unsent_bytes = 100;
  connect();
  const std::string fits(100 - std::string_view("*2\r\n$4\r\nECHO\r\n$79\r\n\r\n").size(), 'x');
  const auto at_the_limit = say({"ECHO", fits});
  const auto beyond = say({"PING"});
  EXPECT_EQ(answer(beyond), "(not sent)");
  EXPECT_EQ(answer(at_the_limit), fits);
  EXPECT_EQ(answer(say({"ECHO", fits + "x"})), "(not sent)");
}

TEST_F(RedisClient, ALongerReplyThanAllowedEndsTheConnection) {
  serve();
  options.max_reply_bytes = 16 * 1024;
  connect();
  const std::string fits(16 * 1024 - std::string_view("$16374\r\n\r\n").size(), 'x');
  answer(say({"SET", "key", fits}));
  EXPECT_EQ(answer(say({"GET", "key"})), fits);
  answer(say({"APPEND", "key", "x"}));
  EXPECT_EQ(answer(say({"GET", "key"})), "(maybe ran)");
  EXPECT_THAT(troubles, testing::ElementsAre("a reply of more than 16384 bytes"));
  EXPECT_TRUE(comes_back());
}

}  // namespace
}  // namespace payswitch::redis
