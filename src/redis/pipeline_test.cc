#include "redis/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::redis {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class RedisPipeline : public testing::Test {
 protected:
  // Its outcome is told as "name: what".
  bool add(const std::vector<std::string_view>& words, const std::string& name) {
    Client::Done done = [this, name](const std::expected<Reply, Failure>& reply) {
      told.push_back(name + ": " +
                     (reply                                ? reply->text
                      : reply.error() == Failure::not_sent ? "not sent"
                                                           : "maybe ran"));
      if (then) std::exchange(then, nullptr)();
    };
    const bool added = pipeline.add(words, done, now);
    EXPECT_EQ(!done, added) << "a caller that is refused keeps it";
    return added;
  }
  bool add(const std::string& name) { return add({"PING"}, name); }
  std::expected<void, std::string> feed(std::string_view bytes) {
    return pipeline.feed(bytes, now);
  }

  Options options;
  Counters counters;
  platform::Instant now{1h};
  Pipeline pipeline{options, counters};
  std::vector<std::string> told;
  std::move_only_function<void()> then;  // what the next completion does besides
};

TEST_F(RedisPipeline, WhatWasGatheredGoesOutAtOnce) {
  add({"SET", "key", ""}, "a");
  add({"GET", std::string_view("k\0y", 3)}, "b");
  EXPECT_EQ(counters.commands, 0u);
  EXPECT_EQ(pipeline.take_output(), std::string("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n"
                                                "*2\r\n$3\r\nGET\r\n$3\r\nk\0y\r\n",
                                                50));
  EXPECT_EQ(counters.commands, 2u);
  EXPECT_EQ(pipeline.take_output(), "");
}

TEST_F(RedisPipeline, RepliesGoToTheirCommandsInOrder) {
  add("a");
  add("b");
  pipeline.take_output();
  now += 3ms;
  ASSERT_TRUE(feed("+one\r\n+tw"));
  EXPECT_THAT(told, ElementsAre("a: one"));
  ASSERT_TRUE(feed("o\r\n"));
  EXPECT_THAT(told, ElementsAre("a: one", "b: two"));
  EXPECT_EQ(pipeline.outstanding(), 0u);
  EXPECT_EQ(counters.replies, 2u);
  EXPECT_EQ(counters.answer.count(), 2u);
  EXPECT_EQ(counters.answer.max(), 3ms);
}

TEST_F(RedisPipeline, AReplyThatNobodyAskedForIsAnError) {
  EXPECT_FALSE(feed("+hello\r\n"));
}

TEST_F(RedisPipeline, AReplyToWhatWasNotSentIsAnError) {
  add("a");
  pipeline.take_output();
  add("b");
  const auto read = feed("+one\r\n+two\r\n");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), "a reply that nobody asked for");
  pipeline.cut();
  EXPECT_THAT(told, ElementsAre("a: one", "b: not sent"));
}

TEST_F(RedisPipeline, ACutTellsWhatMayHaveRunFromWhatHasNot) {
  add("a");
  add("b");
  add("c");
  pipeline.take_output();
  add("d");
  add("e");
  ASSERT_TRUE(feed("+one\r\n+half of"));
  pipeline.cut();
  EXPECT_THAT(told,
              ElementsAre("a: one", "b: maybe ran", "c: maybe ran", "d: not sent", "e: not sent"));
  EXPECT_EQ(counters.maybe_ran, 2u);
  EXPECT_EQ(counters.not_sent, 2u);
}

TEST_F(RedisPipeline, AfterACutNothingOfTheOldConnectionIsLeft) {
  add("a");
  pipeline.take_output();
  add("b");
  ASSERT_TRUE(feed("+half of"));
  pipeline.cut();
  told.clear();
  EXPECT_EQ(pipeline.take_output(), "");
  EXPECT_EQ(pipeline.deadline(), std::nullopt);
  add("c");
  EXPECT_EQ(pipeline.take_output(), "*1\r\n$4\r\nPING\r\n");
  ASSERT_TRUE(feed("+new\r\n"));
  EXPECT_THAT(told, ElementsAre("c: new"));
}

TEST_F(RedisPipeline, ACompletionMayAddCommands) {
  add("a");
  pipeline.take_output();
  then = [this] { add("b"); };
  ASSERT_TRUE(feed("+one\r\n"));
  EXPECT_EQ(pipeline.outstanding(), 1u);
  then = [this] { add("c"); };
  pipeline.cut();
  EXPECT_THAT(told, ElementsAre("a: one", "b: not sent"));
  EXPECT_EQ(pipeline.outstanding(), 1u);
}

TEST_F(RedisPipeline, TheOldestCommandHasTheDeadline) {
  options.command_timeout = 5s;
  EXPECT_EQ(pipeline.deadline(), std::nullopt);
  add("a");
  now += 1s;
  add("b");
  pipeline.take_output();
  EXPECT_EQ(pipeline.deadline(), platform::Instant(1h + 5s));
  ASSERT_TRUE(feed("+one\r\n"));
  EXPECT_EQ(pipeline.deadline(), platform::Instant(1h + 6s));
}

TEST_F(RedisPipeline, OutstandingCommandsAreLimited) {
  options.max_outstanding = 2;
  EXPECT_TRUE(add("a"));
  pipeline.take_output();
  EXPECT_TRUE(add("b"));
  EXPECT_FALSE(add("c"));
  pipeline.take_output();
  EXPECT_FALSE(add("d"));
  ASSERT_TRUE(feed("+one\r\n"));
  EXPECT_TRUE(add("e"));
}

TEST_F(RedisPipeline, UnsentBytesAreLimited) {
  options.max_unsent_bytes = 2 * std::string_view("*1\r\n$4\r\nPING\r\n").size();
  EXPECT_TRUE(add("a"));
  EXPECT_FALSE(add({"PING2"}, "one byte beyond"));
  EXPECT_TRUE(add("b"));
  EXPECT_FALSE(add("c"));
  pipeline.take_output();
  EXPECT_TRUE(add("d"));
}

TEST_F(RedisPipeline, TheHandshakeKnowsNoLimits) {
  options.max_outstanding = 0;
  options.max_unsent_bytes = 0;
  const std::vector<std::string_view> words{"PING"};
  int calls = 0;
  pipeline.add_unlimited(words, [&](const auto&) { ++calls; }, now);
  pipeline.take_output();
  ASSERT_TRUE(feed("+PONG\r\n"));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace payswitch::redis
