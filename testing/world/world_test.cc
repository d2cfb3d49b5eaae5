#include "testing/world/world.h"

#include <gtest/gtest.h>

#include <vector>

#include "testing/world/life.h"

namespace payswitch::lab {
namespace {

using namespace std::chrono_literals;

TEST(World, PostedCallbacksRunBeforeTimersAndInTheirOrder) {
  World world;
  std::vector<int> order;
  world.after(0ms, [&] { order.push_back(3); });
  world.post([&] { order.push_back(1); });
  world.post([&] { order.push_back(2); });
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(World, TimeStandsStillUntilTheNextTimerAndThenJumpsToIt) {
  World world;
  std::vector<platform::Duration> seen;
  const auto note = [&] { seen.push_back(world.now().time_since_epoch()); };
  world.after(20ms, note);
  world.after(10ms, [&] { world.post(note); });
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_EQ(seen, (std::vector<platform::Duration>{10ms, 20ms}));
  EXPECT_FALSE(world.step());
}

TEST(World, RunUntilIncludesTimersDueAtThatMomentAndNoLaterOnes) {
  World world;
  int ran = 0;
  world.after(10ms, [&] { ++ran; });
  world.after(10ms + 1ns, [&] { ++ran; });
  world.run_for(10ms);
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(world.now().time_since_epoch(), 10ms);
  world.run_for(5ms);
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(world.now().time_since_epoch(), 15ms);
}

TEST(World, RunUntilIdleGivesUpOnPeriodicTimers) {
  World world;
  std::function<void()> tick = [&] { world.after(1s, tick); };
  tick();
  EXPECT_FALSE(world.run_until_idle(10s));
  EXPECT_EQ(world.now().time_since_epoch(), 10s);
}

TEST(World, RunUntilStopsAtTheFirstCallbackThatMakesItHold) {
  World world;
  int ran = 0;
  for (int i = 1; i <= 5; ++i) world.after(i * 1ms, [&] { ++ran; });
  EXPECT_TRUE(world.run_until([&] { return ran == 3; }));
  EXPECT_EQ(world.now().time_since_epoch(), 3ms);
  EXPECT_FALSE(world.run_until([&] { return ran == 9; }));
}

TEST(World, TheWallClockFollowsMonotonicTimeAndMayBeSetEitherWay) {
  World world(payment::UtcMs{1'000});
  world.run_for(1500us);
  EXPECT_EQ(world.wall().value, 1'001);
  world.set_wall({400});
  EXPECT_EQ(world.wall().value, 400);
  world.run_for(2ms);
  EXPECT_EQ(world.wall().value, 402);
  EXPECT_EQ(world.now().time_since_epoch(), 3500us);
}

TEST(World, ACancelledTimerDoesNotRun) {
  World world;
  int ran = 0;
  const auto timer = world.after(1ms, [&] { ++ran; });
  world.cancel(timer);
  world.cancel(timer);
  world.cancel(platform::TimerId::none);
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_EQ(ran, 0);
}

TEST(Life, WhatAProcessHadPostedAndSetDiesWithIt) {
  World world;
  int ran = 0;
  int outside = 0;
  Life life(world);
  life.post([&] { ++ran; });
  life.after(1ms, [&] { ++ran; });
  world.after(2ms, [&] { ++outside; });
  life.end();
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(outside, 1);
}

TEST(Life, PassesThroughWhileItLasts) {
  World world;
  std::vector<int> order;
  Life life(world);
  const auto cancelled = life.after(1ms, [&] { order.push_back(9); });
  life.after(2ms, [&] { order.push_back(2); });
  life.post([&] { order.push_back(1); });
  life.cancel(cancelled);
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(Life, DestroysTheCallbacksAtItsEnd) {
  World world;
  const auto held = std::make_shared<int>(0);
  Life life(world);
  life.post([held] {});
  life.after(1h, [held] {});
  life.end();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace payswitch::lab
