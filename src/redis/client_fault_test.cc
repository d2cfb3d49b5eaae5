#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "testing/fixtures/client_fixture.h"

// What the real client makes of a network that spoils things.
namespace payswitch::redis {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class RedisClientFaults : public RedisClient {
 protected:
  void SetUp() override {
    serve();
    interpose();
  }

  // One life of a client that pushes three names in one turn; then what it was told is held
  // against what Redis has.
  void push_and_compare(int life) {
    outcomes.clear();
    std::vector<std::string> names;
    start();
    const auto tries = troubles.size();
    ASSERT_TRUE(loop.until([&] { return client->connected() || troubles.size() > tries; }));
    for (int i = 0; i < 3; ++i) {
      names.push_back(std::to_string(life) + "/" + std::to_string(i));
      say({"RPUSH", "names", names.back()});
    }
    ASSERT_TRUE(all_are_done());
    ASSERT_TRUE(std::ranges::is_sorted(outcomes, {}, [](const auto& o) { return o->place; }));
    client.reset();
    const Reply kept = server->ask({"LRANGE", "names", "0", "-1"});
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto is_this = [&](const Reply& element) { return element.text == names[i]; };
      const auto there = std::ranges::count_if(kept.elements, is_this);
      const std::string told = answer(outcomes[i]);
      if (told == "(not sent)") {
        EXPECT_EQ(there, 0) << names[i];
      } else if (told == "(maybe ran)") {
        EXPECT_LE(there, 1) << names[i];
      } else {
        EXPECT_EQ(there, 1) << names[i];
      }
      ++told_[told.starts_with('(') ? told : "answered"];
    }
  }

  std::map<std::string, int> told_;
};

TEST_F(RedisClientFaults, DropByDropEverythingPasses) {
  proxy->to_server.piece = 1;
  proxy->to_client.piece = 1;
  connect();
  for (int i = 0; i < 50; ++i) say({"INCR", "n"});
  ASSERT_TRUE(all_are_done());
  EXPECT_EQ(outcomes.back()->reply.integer, 50);
}

TEST_F(RedisClientFaults, DelayOnlyDelays) {
  proxy->to_server.delay = 20ms;
  proxy->to_client.delay = 20ms;
  connect();
  for (int i = 0; i < 50; ++i) say({"INCR", "n"});
  ASSERT_TRUE(all_are_done());
  EXPECT_EQ(outcomes.back()->reply.integer, 50);
  EXPECT_EQ(client->counters().writes, 2u) << "the hand-shake and the fifty";
}

TEST_F(RedisClientFaults, WhereverTheWayThereIsCutTheAnswersAreTrue) {
  connect();
  const auto greeting = proxy->bytes_to_server;
  constexpr std::uint64_t three_pushes = 3 * 40;
  for (std::uint64_t after = 0; after < three_pushes + 10; ++after) {
    proxy->to_server.cut_after = greeting + after;
    push_and_compare(static_cast<int>(after));
  }
  EXPECT_GT(told_["answered"], 0);
  EXPECT_GT(told_["(maybe ran)"], 0);
}

TEST_F(RedisClientFaults, WhereverTheWayBackIsCutTheAnswersAreTrue) {
  push_and_compare(0);
  client.reset();
  const auto before = proxy->bytes_to_client;
  connect();
  const auto greeting = proxy->bytes_to_client - before;
  // What INFO says is not always of the same length.
  for (std::uint64_t after = greeting - 20; after < greeting + 40; ++after) {
    proxy->to_client.cut_after = after;
    push_and_compare(static_cast<int>(after));
  }
  EXPECT_GT(told_["answered"], 0);
  EXPECT_GT(told_["(maybe ran)"], 0);
  EXPECT_GT(told_["(not sent)"], 0);
}

TEST_F(RedisClientFaults, WhereverTheHandshakeIsCutItIsTriedAgain) {
  connect();
  const auto greeting = proxy->bytes_to_server;
  for (std::uint64_t after = 0; after < greeting; ++after) {
    proxy->to_server.cut_after = after;
    start();
    ASSERT_TRUE(loses()) << after;
    ASSERT_FALSE(client->connected());
    proxy->to_server.cut_after.reset();
    ASSERT_TRUE(comes_back()) << after;
  }
}

TEST_F(RedisClientFaults, AWayThatEndsHalfEndsWhole) {
  for (TestProxyWay* way : {&proxy->to_server, &proxy->to_client}) {
    connect();
    const auto greeting =
        way == &proxy->to_server ? proxy->bytes_to_server : proxy->bytes_to_client;
    client.reset();
    way->cut_after = greeting + 1000;
    way->closes_half = true;
    connect();
    const std::string half(600, 'x');
    EXPECT_EQ(answer(say({"ECHO", half})), half);
    EXPECT_EQ(answer(say({"ECHO", half})), "(maybe ran)");
    EXPECT_THAT(troubles.back(), HasSubstr("closed the connection"));
    *way = {};
    client.reset();
    proxy->bytes_to_server = proxy->bytes_to_client = 0;
  }
}

TEST_F(RedisClientFaults, WhatWasNotWrittenBecauseTheWayIsFullHasNotRun) {
  connect();
  server->freeze();
  const std::string large(30 << 20, 'x');
  const auto under_way = say({"SET", "large", large});
  loop.settle();
  const auto waiting = say({"SET", "small", "x"});
  loop.settle();
  time.advance(options.command_timeout);
  EXPECT_EQ(answer(under_way), "(maybe ran)");
  EXPECT_EQ(answer(waiting), "(not sent)");
  EXPECT_LT(under_way->place, waiting->place);
  server->thaw();
  ASSERT_TRUE(comes_back());
  EXPECT_EQ(answer(say({"EXISTS", "small"})), "0");
}

TEST_F(RedisClientFaults, AKillUnderLoadLosesNoAnswer) {
  connect();
  for (int i = 0; i < 5000; ++i) say({"INCR", "n"});
  ASSERT_TRUE(loop.until([&] { return calls > 100; }));
  server->kill();
  ASSERT_TRUE(all_are_done());
  std::int64_t answered = 0;
  bool is_cut = false;
  for (const auto& outcome : outcomes) {
    is_cut = is_cut || outcome->failure;
    EXPECT_EQ(outcome->failure.has_value(), is_cut) << "after a cut nothing is answered";
    if (!is_cut) EXPECT_EQ(outcome->reply.integer, ++answered);
  }
  const Counters& counters = client->counters();
  EXPECT_EQ(counters.maybe_ran + counters.not_sent, 5000u - static_cast<std::uint64_t>(answered));
}

}  // namespace
}  // namespace payswitch::redis
