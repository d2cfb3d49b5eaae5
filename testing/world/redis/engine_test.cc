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

TEST_F(RedisEngineTest, AKeyIsThereUpToTheMillisecondAtWhichItExpiresAndNotAfterIt) {
  ask({"SET", "lease", "mine", "PX", "1000"});
  now_us_ += second;
  EXPECT_EQ(ask({"GET", "lease"}).text, "mine");
  EXPECT_EQ(ask({"PTTL", "lease"}).integer, 0);
  now_us_ += 1'000;
  EXPECT_EQ(ask({"GET", "lease"}).kind, Reply::Kind::nil);
  EXPECT_EQ(ask({"DBSIZE"}).integer, 0);
  EXPECT_EQ(ask({"SET", "lease", "other", "NX", "EX", "1"}).text, "OK");
}

TEST_F(RedisEngineTest, WritingAKeyAnewEndsItsExpiry) {
  ask({"SET", "lease", "mine", "PX", "1000"});
  ask({"SET", "lease", "mine"});
  now_us_ += 10 * second;
  EXPECT_EQ(ask({"GET", "lease"}).text, "mine");
}

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
TEST_F(RedisEngineTest, WhatItSaysIsToBeRepeatedHasTheSameEffectAtAnyTime) {
  engine_.collect_writes();
  Keyspace copy;
  const std::vector<std::vector<std::string_view>> steps = {
      {"SET", "a", "1", "PX", "500"},
      {"SET", "a", "2", "NX"},
      {"INCR", "a"},
      {"HSET", "h", "f", "1", "g", "2"},
      {"HDEL", "h", "f", "nothing"},
      {"HINCRBY", "h", "g", "40"},
      {"ZADD", "z", "GT", "CH", "1.5", "m", "2", "n"},
      {"ZREMRANGEBYSCORE", "z", "-inf", "1.5"},
      {"SADD", "s", "x", "y"},
      {"PEXPIRE", "s", "700"},
      {"EVAL", "redis.call('DEL', KEYS[1]) redis.call('INCR', KEYS[2]) return 1", "2", "z", "n"},
      {"PING"},
  };
  for (const auto& step : steps) {
    ask(step);
    engine_.repeat(engine_.take_writes(), copy);
    EXPECT_EQ(copy, engine_.keys()) << fmt::format("{}", fmt::join(step, " "));
    now_us_ += second / 10;
  }
  now_us_ += second;
  EXPECT_EQ(ask({"EXISTS", "a", "s"}).integer, 0);
  engine_.repeat(engine_.take_writes(), copy);
  EXPECT_EQ(copy, engine_.keys());
}

TEST_F(RedisEngineTest, AScriptThatFailsAfterItsFirstWriteIsCounted) {
  ask({"EVAL", "error('before')", "1", "a"});
  ask({"EVAL", "redis.call('DEL', KEYS[1]) error('nothing was there')", "1", "a"});
  EXPECT_EQ(engine_.scripts_that_failed_halfway(), 0u);
  ask({"EVAL", "redis.call('INCR', KEYS[1]) error('after')", "1", "a"});
  EXPECT_EQ(engine_.scripts_that_failed_halfway(), 1u);
  EXPECT_EQ(ask({"GET", "a"}).text, "1");
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
  ask({"HSET", "h", "f", "1"});
  EXPECT_DEATH(ask({"HSCAN", "h", "0", "MATCH", "*"}), "beyond the virtual Redis: HSCAN");
  EXPECT_DEATH(ask({"EVAL", "return redis.pcall('LPUSH', KEYS[1], 1)", "1", "a"}),
               "beyond the virtual Redis: LPUSH");
}

TEST_F(RedisEngineDeathTest, AKeyThatIsNotInKeysEndsTheProgram) {
  EXPECT_DEATH(ask({"EVAL", "return redis.call('GET', 'b')", "1", "a"}), "not in KEYS: b");
  EXPECT_DEATH(ask({"EVAL", "return redis.call('DEL', KEYS[1], ARGV[1])", "1", "a", "b"}),
               "not in KEYS: b");
  engine_.allow_undeclared_keys();
  EXPECT_EQ(ask({"EVAL", "return redis.call('GET', 'b')", "1", "a"}).kind, Reply::Kind::nil);
}

}  // namespace
}  // namespace payswitch::lab
