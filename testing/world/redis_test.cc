#include "testing/world/redis.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "testing/world/life.h"
#include "testing/world/redis_client.h"

namespace payswitch::lab {
namespace {

using namespace std::chrono_literals;
using redis::Failure;
using redis::Reply;

const redis::Script push_and_count(R"lua(#!lua flags=allow-oom
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HLEN', KEYS[1])
)lua");

const redis::Script cautious(R"lua(#!lua
return redis.call('HINCRBY', KEYS[1], 'f', 1)
)lua");

// One process: its life, its client, and what it was told. Texts of replies, or the failure.
struct Process {
  Process(World& world, VirtualRedis& redis, redis::Options options = {})
      : life(world),
        client(std::make_unique<VirtualRedisClient>(
            VirtualRedisSeams{world, life, life, random, redis}, options,
            std::vector<const redis::Script*>{&push_and_count, &cautious})) {
    client->start({.connected = [this](const redis::Server& server) { servers.push_back(server); },
                   .disconnected = [this](const std::string& why) { told.push_back(why); }});
  }

  redis::Client::Done note() {
    return [this](const std::expected<Reply, Failure>& reply) {
      if (!reply) {
        told.push_back(reply.error() == Failure::not_sent ? "not_sent" : "maybe_ran");
      } else {
        told.push_back(reply->kind == Reply::Kind::integer ? std::to_string(reply->integer)
                                                           : reply->text);
      }
    };
  }
  void say(const std::vector<std::string_view>& words) { client->command(words, note()); }
  void push(std::string_view field, redis::Flush haste = redis::Flush::now) {
    client->run(push_and_count, std::vector<std::string_view>{"h"},
                std::vector<std::string_view>{field, "1"}, note(), haste);
  }

  using Told = std::vector<std::string>;
  SeededRandom random{7};
  Life life;
  std::vector<redis::Server> servers;
  Told told;
  std::unique_ptr<VirtualRedisClient> client;
};

class VirtualRedisTest : public ::testing::Test {
 protected:
  void restart_with(RedisSettings settings, std::uint64_t seed = 1) {
    process_.reset();
    world_.run_until_idle(1s);
    redis_ = std::make_unique<VirtualRedis>(world_, seed, settings);
    begin();
  }
  void begin(redis::Options options = {}) {
    process_ = std::make_unique<Process>(world_, *redis_, options);
    ASSERT_TRUE(world_.run_until([this] { return process_->client->connected(); }, 10s));
  }
  bool run_until_connected() {
    return world_.run_until([this] { return process_->client->connected(); }, 30s);
  }
  std::int64_t length() { return redis_->run(std::vector<std::string_view>{"HLEN", "h"}).integer; }

  using Told = Process::Told;
  World world_;
  std::unique_ptr<VirtualRedis> redis_ = std::make_unique<VirtualRedis>(world_, 1);
  std::unique_ptr<Process> process_;
};

TEST_F(VirtualRedisTest, CommandsOfOneTurnRunInTheirOrderInOneWrite) {
  begin();
  const auto writes = process_->client->counters().writes;
  process_->push("a");
  process_->say({"HGET", "h", "a"});
  process_->push("b");
  EXPECT_TRUE(process_->told.empty());  // never within the call
  world_.run_for(1ms);
  EXPECT_EQ(process_->told, (Told{"1", "1", "2"}));
  EXPECT_EQ(process_->client->counters().writes, writes + 1);
}

TEST_F(VirtualRedisTest, WhatIsNotInHasteWaitsForCompanyOrForAWhile) {
  begin();
  const auto writes = process_->client->counters().writes;
  process_->push("a", redis::Flush::lazy);
  world_.run_for(5ms);
  EXPECT_EQ(length(), 0);
  process_->push("b");
  world_.run_for(1ms);
  EXPECT_EQ(process_->told, (Told{"1", "2"}));
  EXPECT_EQ(process_->client->counters().writes, writes + 1);
  process_->push("c", redis::Flush::lazy);
  world_.run_for(10ms - 1ns);
  EXPECT_EQ(length(), 2);
  world_.run_for(1ms);
  EXPECT_EQ(process_->told, (Told{"1", "2", "3"}));
}

TEST_F(VirtualRedisTest, ARoundTripTakesTheLatencyOfBothWaysAndNothingOvertakes) {
  begin();
  redis_->set_latency({.least_there = 3ms, .most_there = 3ms, .least_back = 5ms, .most_back = 5ms});
  process_->push("a");
  world_.run_for(8ms - 1ns);
  EXPECT_TRUE(process_->told.empty());
  world_.run_for(1ns);
  EXPECT_EQ(process_->told, Told{"1"});

  redis_->set_latency({.least_there = 0ms, .most_there = 9ms, .least_back = 0ms, .most_back = 9ms});
  Told expected{"1"};
  for (int i = 2; i < 50; ++i) {
    process_->push(std::to_string(i));
    world_.run_for(1ms);
    expected.push_back(std::to_string(i));
  }
  world_.run_for(1s);
  EXPECT_EQ(process_->told, expected);
}

TEST_F(VirtualRedisTest, TheServerIsDescribedByTheRealHandshake) {
  restart_with({.keeps = RedisKeeps::all_but_a_second, .maxmemory = 1'000});
  const redis::Server& server = process_->servers.back();
  EXPECT_EQ(server.run_id, redis_->run_id());
  EXPECT_EQ(server.run_id.size(), 40u);
  EXPECT_EQ(server.version, "7.0.15");
  EXPECT_EQ(server.role, "master");
  EXPECT_EQ(server.appendonly, "yes");
  EXPECT_EQ(server.appendfsync, "everysec");
  EXPECT_EQ(server.maxmemory_policy, "noeviction");
}

TEST_F(VirtualRedisTest, WhatADeadProcessHadSentStillArrives) {
  begin();
  process_->push("sent");
  world_.run_for(1us);
  process_->push("not sent");
  process_->life.end();
  process_.reset();
  world_.run_for(1ms);
  EXPECT_EQ(length(), 1);
}

TEST_F(VirtualRedisTest, ACutLosesEveryReplyWhetherOrNotTheCommandsRan) {
  for (const RedisCut how : {RedisCut::before, RedisCut::after}) {
    restart_with({});
    redis_->cut_next(how);
    process_->push("a");
    process_->push("b");
    ASSERT_TRUE(world_.run_until([this] { return !process_->told.empty(); }));
    process_->push("c");  // it is known by now that there is no connection
    world_.run_for(10us);
    EXPECT_EQ(process_->told,
              (Told{"maybe_ran", "maybe_ran", "Connection reset by peer", "not_sent"}));
    EXPECT_EQ(length(), how == RedisCut::after ? 2 : 0);
    EXPECT_TRUE(run_until_connected());
    EXPECT_EQ(process_->client->counters().maybe_ran, 2u);
  }
}

TEST_F(VirtualRedisTest, ACutInBetweenRunsTheFirstFewAndAnswersNoMoreThanThose) {
  std::vector<std::size_t> ran(5);
  std::vector<std::size_t> answered(5);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    restart_with({}, seed);
    redis_->cut_next(RedisCut::between);
    for (const std::string_view field : {"1", "2", "3", "4"}) process_->push(field);
    world_.run_for(200us);
    const auto replies =
        static_cast<std::size_t>(4 - std::ranges::count(process_->told, "maybe_ran"));
    EXPECT_LE(replies, static_cast<std::size_t>(length()));
    for (std::size_t i = 0; i < replies; ++i) EXPECT_EQ(process_->told[i], std::to_string(i + 1));
    ++ran[static_cast<std::size_t>(length())];
    ++answered[replies];
  }
  for (std::size_t i = 0; i <= 4; ++i) {
    EXPECT_GT(ran[i], 0u) << i;
    EXPECT_GT(answered[i], 0u) << i;
  }
}

TEST_F(VirtualRedisTest, ACutNowLosesWhatIsUnderWayInBothDirections) {
  for (const RedisCut how : {RedisCut::before, RedisCut::after}) {
    restart_with({});
    process_->push("answered, on its way back");
    world_.run_for(60us);
    process_->push("on its way there");
    world_.run_for(10us);
    EXPECT_EQ(length(), 1);
    redis_->cut(how);
    process_->push("said before the cut is known");
    world_.run_for(1ms);
    EXPECT_EQ(process_->told[0], "maybe_ran");
    EXPECT_EQ(process_->told[1], "maybe_ran");
    EXPECT_EQ(process_->told[2], "maybe_ran");
    EXPECT_EQ(length(), how == RedisCut::after ? 3 : 1);
  }
}

TEST_F(VirtualRedisTest, WhileItIsAwayConnectionsAreRefusedAndTriedAgainWithBoundedPauses) {
  begin();
  redis_->go_away(RedisCut::before);
  world_.run_for(60s);
  EXPECT_FALSE(process_->client->connected());
  EXPECT_EQ(process_->told.back(), "Connection refused");
  EXPECT_GT(process_->told.size(), 120u);  // at most every half second
  EXPECT_LT(process_->told.size(), 800u);
  redis_->come_back();
  world_.run_for(500ms + 1ms);
  EXPECT_TRUE(process_->client->connected());
  EXPECT_EQ(process_->servers[0].run_id, process_->servers[1].run_id);
}

TEST_F(VirtualRedisTest, ASilentOneIsGivenUpAfterTheTimeToConnect) {
  begin();
  redis_->go_away(RedisCut::before, true);
  world_.run_for(10s);
  EXPECT_EQ(process_->told.back(), "no connection in time");
}

TEST_F(VirtualRedisTest, AStoppedOneRunsWhatIsInItsSocketsWhenItGoesOn) {
  begin();
  redis_->stop();
  process_->push("a");
  world_.run_for(4s);
  EXPECT_TRUE(process_->told.empty());
  redis_->go_on();
  world_.run_for(1ms);
  EXPECT_EQ(process_->told, Told{"1"});
}

TEST_F(VirtualRedisTest, WhatTimedOutAtAStoppedOneRunsLate) {
  begin();
  redis_->stop();
  process_->push("a");
  world_.run_for(5s + 1ms);
  EXPECT_EQ(process_->told, (Told{"maybe_ran", "no reply in time"}));
  EXPECT_EQ(length(), 0);
  world_.run_for(10s);
  EXPECT_FALSE(process_->client->connected());
  redis_->go_on();
  EXPECT_EQ(length(), 1);
  EXPECT_TRUE(run_until_connected());
}

TEST_F(VirtualRedisTest, ARestartHasAnotherRunIdAndForgetsOnlyWhatItMay) {
  for (const RedisKeeps keeps :
       {RedisKeeps::everything, RedisKeeps::all_but_a_second, RedisKeeps::snapshots}) {
    std::int64_t least = 100;
    std::int64_t most = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      restart_with({.keeps = keeps}, seed);
      process_->push("old");
      world_.run_for(500ms);
      redis_->save();
      for (int i = 1; i < 10; ++i) {
        world_.run_for(170ms);
        process_->push(std::to_string(i));
      }
      world_.run_for(1ms);
      redis_->restart(100ms);
      world_.run_for(99ms);
      EXPECT_FALSE(process_->client->connected());
      ASSERT_TRUE(run_until_connected());
      EXPECT_NE(process_->servers[0].run_id, process_->servers[1].run_id);
      least = std::min(least, length());
      most = std::max(most, length());
      // A prefix: who is there, was there before those that are not.
      for (int i = 1; i < length(); ++i) {
        const std::string field = std::to_string(i);
        EXPECT_EQ(redis_->run(std::vector<std::string_view>{"HEXISTS", "h", field}).integer, 1);
      }
    }
    // In the last second there were six.
    EXPECT_EQ(least, keeps == RedisKeeps::everything ? 10 : keeps == RedisKeeps::snapshots ? 1 : 4);
    EXPECT_EQ(most, keeps == RedisKeeps::snapshots ? 1 : 10);
  }
}

TEST_F(VirtualRedisTest, WhatASecondRestartFindsIsNeverForgottenAgain) {
  restart_with({.keeps = RedisKeeps::all_but_a_second});
  for (int i = 0; i < 20; ++i) process_->push(std::to_string(i));
  world_.run_for(1ms);
  redis_->restart(1ms);
  const auto kept = length();
  for (int i = 0; i < 20; ++i) {
    redis_->restart(1ms);
    EXPECT_EQ(length(), kept);
  }
}

TEST_F(VirtualRedisTest, AFailoverForgetsTheLagOfTheReplicaButNothingThatWaitHasConfirmed) {
  std::int64_t least = 100;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    restart_with({.replicas = 2, .replica_lag = 100ms}, seed);
    process_->push("a");
    process_->push("b");
    process_->say({"WAIT", "2", "50"});
    process_->push("c");
    process_->push("d");
    world_.run_for(1ms);
    EXPECT_EQ(process_->told, (Told{"1", "2", "2", "3", "4"}));
    redis_->fail_over(10ms);
    least = std::min(least, length());
    ASSERT_TRUE(world_.run_until([&] { return process_->servers.size() == 2; }));
    EXPECT_NE(process_->servers[0].run_id, process_->servers[1].run_id);
  }
  EXPECT_EQ(least, 2);
}

TEST_F(VirtualRedisTest, WaitForMoreReplicasThanThereAreTakesItsTimeAndHoldsBackTheConnection) {
  restart_with({.replicas = 2, .replica_lag = 1s});
  redis_->set_replicas_in_step(1);
  process_->say({"WAIT", "2", "50"});
  process_->push("behind it");
  world_.run_for(49ms);
  EXPECT_TRUE(process_->told.empty());
  EXPECT_EQ(length(), 0);
  world_.run_for(2ms);
  EXPECT_EQ(process_->told, (Told{"1", "1"}));
}

TEST_F(VirtualRedisTest, ItsClockIsItsOwn) {
  begin();
  const auto second = [this] {
    return redis_->run(std::vector<std::string_view>{"TIME"}).elements[0].text;
  };
  const std::string before = second();
  world_.set_wall({0});
  EXPECT_EQ(second(), before);
  redis_->jump_clock(-1h);
  EXPECT_EQ(std::stoll(second()), std::stoll(before) - 3'600);
  redis_->jump_clock(2h);
  EXPECT_EQ(std::stoll(second()), std::stoll(before) + 3'600);
}

TEST_F(VirtualRedisTest, OutOfMemoryRefusesScriptsThatWereNotMarked) {
  begin();
  redis_->set_out_of_memory(true);
  process_->push("a");
  process_->client->run(cautious, std::vector<std::string_view>{"n"}, {}, process_->note());
  world_.run_for(1ms);
  redis_->set_out_of_memory(false);
  process_->client->run(cautious, std::vector<std::string_view>{"n"}, {}, process_->note());
  world_.run_for(1ms);
  EXPECT_EQ(process_->told,
            (Told{"1", "OOM command not allowed when used memory > 'maxmemory'.", "1"}));
}

TEST_F(VirtualRedisTest, ForgottenScriptsAreNotSentAndLoadedWithANewConnection) {
  begin();
  redis_->forget_scripts();
  process_->push("a");
  ASSERT_TRUE(world_.run_until([this] { return process_->servers.size() == 2; }));
  process_->push("b");
  world_.run_for(1ms);
  EXPECT_EQ(process_->told, (Told{"not_sent", "the scripts were flushed", "1"}));
}

TEST_F(VirtualRedisTest, WhatIsBeyondALimitIsNotSent) {
  redis::Options options;
  options.max_outstanding = 12;
  begin(options);
  for (int i = 0; i < 12; ++i) process_->say({"TIME"});
  process_->say({"TIME"});
  world_.run_for(1ms);
  EXPECT_EQ(process_->told.size(), 13u);
  EXPECT_EQ(process_->told[0], "not_sent");
  EXPECT_EQ(std::ranges::count(process_->told, ""), 12) << "an array has no text";
  options.max_unsent_bytes = 2'000;
  process_.reset();
  begin(options);
  process_->say({"EXISTS", std::string(2'000, 'x')});
  world_.run_for(1ms);
  EXPECT_EQ(process_->told, Told{"not_sent"});
}

TEST_F(VirtualRedisTest, AnIdleConnectionNeedsNothing) {
  begin();
  EXPECT_TRUE(world_.run_until_idle(1h));
}

TEST_F(VirtualRedisTest, ADeadProcessIsNotCalledAnyMore) {
  begin();
  process_->push("a");
  world_.run_for(80us);
  process_.reset();
  world_.run_for(1s);
  EXPECT_EQ(length(), 1);
}

// Everything at once, twice from one seed: the same in every detail.
TEST_F(VirtualRedisTest, ASeedDecidesEverything) {
  const auto play = [](std::uint64_t seed) {
    World world;
    SeededRandom random(seed);
    VirtualRedis redis(
        world, seed, {.keeps = RedisKeeps::all_but_a_second, .replicas = 1, .replica_lag = 200ms});
    redis.set_latency(
        {.least_there = 10us, .most_there = 5ms, .least_back = 10us, .most_back = 5ms});
    Process one(world, redis);
    Process other(world, redis);
    for (int i = 0; i < 3'000; ++i) {
      (random.one_in(2) ? one : other).push(std::to_string(random.below(500)));
      const auto cut = static_cast<RedisCut>(random.below(3));
      switch (random.below(300)) {
        case 0:
          redis.cut_next(cut);
          break;
        case 1:
          redis.cut(cut);
          break;
        case 2:
          redis.restart(platform::Duration(random.below(100'000'000)));
          break;
        case 3:
          redis.fail_over(platform::Duration(random.below(100'000'000)));
          break;
        case 4:
          redis.stop();
          break;
        case 5:
          redis.go_away(cut, random.one_in(2));
          break;
        case 6:
          redis.forget_scripts();
          break;
        case 7:
          redis.jump_clock(platform::Duration(random.below(1'000'000'000)));
          break;
        default:
          break;
      }
      if (random.one_in(100)) redis.come_back();
      if (random.one_in(100)) redis.go_on();
      world.run_for(platform::Duration(random.below(20'000'000)));
    }
    redis.come_back();
    redis.go_on();
    world.run_for(10s);
    EXPECT_TRUE(one.client->connected());
    EXPECT_TRUE(other.client->connected());
    const auto answered = static_cast<std::size_t>(
        std::ranges::count_if(one.told, [](const std::string& told) { return told.size() < 4; }));
    EXPECT_GT(answered, 50u);
    one.told.insert(one.told.end(), other.told.begin(), other.told.end());
    one.told.push_back(redis.run_id());
    for (const auto key : redis.keys().sorted_keys()) one.told.emplace_back(key);
    return one.told;
  };
  for (std::uint64_t seed = 0; seed < 10; ++seed) EXPECT_EQ(play(seed), play(seed));
  EXPECT_NE(play(1), play(2));
}

}  // namespace
}  // namespace payswitch::lab
