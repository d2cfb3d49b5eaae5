#include "testing/world/redis/engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace payswitch::lab {
namespace {

using redis::Reply;

constexpr std::int64_t second = 1'000'000;

// What it says is held against a real Redis in twin_test.cc; here is what a real one cannot show.
class RedisEngineTest : public ::testing::Test {
 protected:
  Reply ask(const std::vector<std::string_view>& words) { return engine_.run(words, now_us_); }

  SeededRandom random_{1};
  RedisEngine engine_{random_};
  std::int64_t now_us_ = 1'750'000'000 * second;
};

using RedisEngineDeathTest = RedisEngineTest;

TEST_F(RedisEngineTest, TheTimeIsTheOneThatItIsTold) {
  now_us_ = 1'234 * second + 56'789;
  const Reply time = ask({"EVAL", "return redis.call('TIME')", "0"});
  EXPECT_EQ(time.elements[0].text, "1234");
  EXPECT_EQ(time.elements[1].text, "56789");
}

TEST_F(RedisEngineTest, ListsAreSortedAndDrawnMembersComeFromTheSeed) {
  for (int i = 99; i >= 0; --i) {
    ask({"SADD", "set", fmt::format("m{:02}", i)});
    ask({"HSET", "hash", fmt::format("f{:02}", i), "1"});
  }
  EXPECT_EQ(ask({"SMEMBERS", "set"}).elements[7].text, "m07");
  EXPECT_EQ(ask({"HKEYS", "hash"}).elements[7].text, "f07");
  EXPECT_EQ(ask({"HGETALL", "hash"}).elements[14].text, "f07");
  const Reply drawn = ask({"SRANDMEMBER", "set", "5"});

  SeededRandom random(1);
  RedisEngine again(random);
  for (int i = 0; i < 100; ++i) {
    const std::string member = fmt::format("m{:02}", i);
    again.run(std::vector<std::string_view>{"SADD", "set", member}, now_us_);
  }
  EXPECT_EQ(again.run(std::vector<std::string_view>{"SRANDMEMBER", "set", "5"}, now_us_), drawn);
}

// Each step once more on another keyspace, from the commands that it says are to be repeated.
TEST_F(RedisEngineTest, WhatItSaysIsToBeRepeatedHasTheSameEffect) {
  engine_.collect_writes();
  Keyspace copy;
  const std::vector<std::vector<std::string_view>> steps = {
      {"HSET", "h", "f", "1", "g", "2"},
      {"HDEL", "h", "f", "nothing"},
      {"HINCRBY", "h", "g", "40"},
      {"HSETNX", "h", "g", "1"},
      {"ZADD", "z", "1.5", "m", "2", "n"},
      {"ZREM", "z", "n"},
      {"SADD", "s", "x", "y"},
      {"SREM", "s", "x", "y"},
      {"EVAL", "redis.call('HDEL', KEYS[1], 'g') redis.call('HINCRBY', KEYS[2], 'f', 1) return 1",
       "2", "h", "i"},
      {"HLEN", "h"},
  };
  for (const auto& step : steps) {
    ask(step);
    engine_.repeat(engine_.take_writes(), copy);
    EXPECT_EQ(copy, engine_.keys()) << fmt::format("{}", fmt::join(step, " "));
  }
  EXPECT_EQ(ask({"EXISTS", "h", "i", "z", "s"}).integer, 2);
}

TEST_F(RedisEngineTest, AScriptThatFailsAfterItsFirstWriteIsCounted) {
  ask({"EVAL", "error('before')", "1", "a"});
  ask({"EVAL", "redis.call('HDEL', KEYS[1], 'f') error('nothing was there')", "1", "a"});
  EXPECT_EQ(engine_.scripts_that_failed_halfway(), 0u);
  ask({"EVAL", "redis.call('HINCRBY', KEYS[1], 'f', 1) error('after')", "1", "a"});
  EXPECT_EQ(engine_.scripts_that_failed_halfway(), 1u);
  EXPECT_EQ(ask({"HGET", "a", "f"}).text, "1");
}

TEST_F(RedisEngineTest, AScriptIsAsGoodAfterItsHashWasForgottenAndLoadedAgain) {
  const std::string source = "return ARGV[1]";
  const std::string hash = ask({"SCRIPT", "LOAD", source}).text;
  engine_.forget_scripts();
  EXPECT_TRUE(ask({"EVALSHA", hash, "0", "x"}).text.starts_with("NOSCRIPT"));
  ask({"SCRIPT", "LOAD", source});
  EXPECT_EQ(ask({"EVALSHA", hash, "0", "x"}).text, "x");
}

TEST_F(RedisEngineDeathTest, WhatItDoesNotKnowEndsTheProgram) {
  EXPECT_DEATH(ask({"ZINCRBY", "z", "1", "m"}), "beyond the virtual Redis: ZINCRBY z 1 m");
  EXPECT_DEATH(ask({"ZADD", "z", "NX", "1", "m"}), "beyond the virtual Redis: ZADD z NX");
  EXPECT_DEATH(ask({"ZRANGE", "z", "0", "-1", "REV"}), "beyond the virtual Redis: ZRANGE");
  EXPECT_DEATH(ask({"ZRANGEBYSCORE", "z", "0", "1", "LIMIT", "0", "1"}),
               "beyond the virtual Redis: ZRANGEBYSCORE");
  EXPECT_DEATH(ask({"EVAL", "return redis.pcall('LPUSH', KEYS[1], 1)", "1", "a"}),
               "beyond the virtual Redis: LPUSH");
}

TEST_F(RedisEngineDeathTest, AKeyThatIsNotInKeysEndsTheProgram) {
  EXPECT_DEATH(ask({"EVAL", "return redis.call('HLEN', 'b')", "1", "a"}), "not in KEYS: b");
  EXPECT_DEATH(ask({"EVAL", "return redis.call('EXISTS', KEYS[1], ARGV[1])", "1", "a", "b"}),
               "not in KEYS: b");
  engine_.allow_undeclared_keys();
  EXPECT_EQ(ask({"EVAL", "return redis.call('HLEN', 'b')", "1", "a"}).integer, 0);
}

}  // namespace
}  // namespace payswitch::lab
