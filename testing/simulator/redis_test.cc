#include "testing/simulator/redis.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "testing/world/life.h"
#include "testing/world/redis_client.h"

namespace payswitch::lab::simulator {
namespace {

using namespace std::chrono_literals;

const redis::Script count_up(R"lua(#!lua flags=allow-oom
return redis.call('HINCRBY', KEYS[1], 'count', 1)
)lua");

// A client that counts up for ever, and never twice at a time.
class Counter {
 public:
  Counter(World& world, VirtualRedis& redis)
      : life_(world), client_({world, life_, life_, random_, redis}, {}, {&count_up}) {
    client_.start(
        {.connected = [](const redis::Server&) {}, .disconnected = [](const std::string&) {}});
    go_on();
  }

  std::vector<std::string> seen;

 private:
  void go_on() {
    client_.run(count_up, std::vector<std::string_view>{"n"}, {},
                [this](const std::expected<redis::Reply, redis::Failure>& reply) {
                  seen.push_back(reply ? std::to_string(reply->integer)
                                 : reply.error() == redis::Failure::not_sent ? "not_sent"
                                                                             : "maybe_ran");
                  life_.after(20ms, [this] { go_on(); });
                });
  }

  SeededRandom random_{3};
  Life life_;
  VirtualRedisClient client_;
};

struct Played {
  std::vector<std::string> seen;
  std::vector<std::string> told;
  bool is_well = false;
  bool operator==(const Played&) const = default;
};

Played play(std::uint64_t seed) {
  Played played;
  World world;
  SeededRandom random(seed);
  const GroupFaultPlan plan = draw_group_fault_plan(random);
  UnsteadyRedis redis(world, random.next(), plan.redis,
                      [&](const std::string& line) { played.told.push_back(line); });
  Counter counter(world, redis.redis());
  redis.start();
  world.run_for(3min);
  redis.calm();
  world.run_for(10s);  // what was under way has timed out, and it has connected again
  counter.seen.clear();
  world.run_for(1s);
  played.is_well = counter.seen.size() > 40 && counter.seen.back().size() < 7;
  played.seen = counter.seen;
  return played;
}

TEST(GroupFaultPlan, EveryRunEndsWellOnceItIsCalm) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) EXPECT_TRUE(play(seed).is_well) << seed;
}

TEST(GroupFaultPlan, ASeedDecidesEverything) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) EXPECT_EQ(play(seed), play(seed));
}

TEST(GroupFaultPlan, EveryTroubleComesUp) {
  std::set<std::string> kinds;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const std::string& line : play(seed).told) kinds.insert(line.substr(0, 16));
  }
  EXPECT_EQ(kinds.size(), 11u);
}

TEST(GroupFaultPlan, WhatIsNotInThePlanDoesNotHappen) {
  World world;
  std::size_t told = 0;
  UnsteadyRedis redis(world, 1, {}, [&](const std::string&) { ++told; });
  redis.start();
  world.run_for(1h);
  EXPECT_EQ(told, 0u);
}

TEST(GroupFaultPlan, GroupsAreOfTwoToFourAndForgetOnlyWhereThatIsAllowed) {
  std::set<std::size_t> sizes;
  SeededRandom random(1);
  for (int i = 0; i < 200; ++i) {
    const GroupFaultPlan plan = draw_group_fault_plan(random);
    sizes.insert(plan.instances);
    EXPECT_TRUE(!plan.redis.fails_over || plan.redis.settings.replicas > 0);
    const bool keeps_all = plan.redis.settings.keeps == RedisKeeps::everything;
    EXPECT_EQ(plan.redis.may_forget(),
              plan.redis.fails_over || (plan.redis.restarts && !keeps_all));
    EXPECT_FALSE(describe(plan).empty());
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{2, 3, 4}));
}

}  // namespace
}  // namespace payswitch::lab::simulator
