#include "routing/breaker.h"

#include <gtest/gtest.h>

namespace payswitch::routing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct BreakerTest : testing::Test {
  platform::Instant now = platform::Instant(seconds(1000));
  BreakerOptions options;
  Breaker breaker{options};

  void succeed(platform::Duration took = milliseconds(1)) {
    breaker.succeeded(breaker.started(now), now, took);
  }
  void fail() { breaker.failed(breaker.started(now), now, "refused"); }
  void open() {
    for (std::uint32_t i = 0; i < options.consecutive_failures; ++i) fail();
    ASSERT_EQ(breaker.state(), BreakerState::open);
  }
  void half_open() {
    open();
    now += options.probe_every;
    succeed();
    ASSERT_EQ(breaker.state(), BreakerState::half_open);
  }
};

TEST_F(BreakerTest, OpensAtTheLastOfTheConsecutiveFailuresAndNotBefore) {
  for (std::uint32_t i = 1; i < options.consecutive_failures; ++i) fail();
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  fail();
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_EQ(breaker.why(), "refused");
}

TEST_F(BreakerTest, ASuccessStartsTheConsecutiveCountAnew) {
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t i = 1; i < options.consecutive_failures; ++i) fail();
    for (int i = 0; i < 10; ++i) succeed();
  }
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST_F(BreakerTest, OpensOnTheFailureRateOnlyWithTheMinimumVolume) {
  for (std::uint32_t i = 0; i < options.min_volume / 2 - 1; ++i) {
    succeed();
    fail();
  }
  succeed();
  EXPECT_EQ(breaker.state(), BreakerState::closed);  // one short of the volume
  fail();
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

// Half of the answers are failures, and the last two make the volume full.
TEST_F(BreakerTest, ForgetsWhatIsOlderThanTheWindow) {
  const auto state_after = [&](platform::Duration pause) {
    Breaker paused(options);
    platform::Instant at = now;
    const auto succeed_and_fail = [&] {
      paused.succeeded(paused.started(at), at, milliseconds(1));
      paused.failed(paused.started(at), at, "refused");
    };
    for (std::uint32_t i = 1; i < options.min_volume / 2; ++i) succeed_and_fail();
    at += pause;
    succeed_and_fail();
    return paused.state();
  };
  const platform::Duration tenth = options.window / 10;
  EXPECT_EQ(state_after(options.window - tenth), BreakerState::open);
  EXPECT_EQ(state_after(options.window), BreakerState::closed);
  EXPECT_EQ(state_after(options.window + tenth), BreakerState::closed);
}

TEST_F(BreakerTest, OpensOnSlowAnswers) {
  for (std::uint32_t i = 0; i < options.min_volume - 1; ++i) succeed(options.slow);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  succeed(options.slow);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_EQ(breaker.why(), "slow answers");
}

TEST_F(BreakerTest, OpenLetsOneProbeThroughEveryIntervalAndThreeAtMost) {
  open();
  EXPECT_FALSE(breaker.allows(now));
  now += options.probe_every - milliseconds(1);
  EXPECT_FALSE(breaker.allows(now));
  now += milliseconds(1);
  for (std::uint32_t i = 0; i < options.max_probes; ++i) {
    EXPECT_TRUE(breaker.allows(now));
    breaker.started(now);
    EXPECT_FALSE(breaker.allows(now));
    now += options.probe_every;
  }
  EXPECT_FALSE(breaker.allows(now));
  EXPECT_EQ(breaker.next_probe(), std::nullopt);
}

TEST_F(BreakerTest, AFailedProbeFreesItsPlace) {
  open();
  for (std::uint32_t i = 0; i < 2 * options.max_probes; ++i) {
    now += options.probe_every;
    ASSERT_TRUE(breaker.allows(now));
    fail();
  }
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST_F(BreakerTest, TheFirstSuccessHalfOpensIt) {
  half_open();
}

TEST_F(BreakerTest, ASuccessOfAResolutionHalfOpensItToo) {
  open();
  breaker.succeeded(breaker.free_pass(), now, milliseconds(1));
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
}

TEST_F(BreakerTest, HalfOpenRampsWithEachSuccessAndThenCloses) {
  half_open();
  std::vector<Breaker::Pass> passes;
  while (breaker.allows(now)) passes.push_back(breaker.started(now));
  EXPECT_EQ(passes.size(), options.ramp_start);
  breaker.succeeded(passes.back(), now, milliseconds(1));
  passes.pop_back();
  for (int i = 0; i < 2; ++i) {  // the place that became free, and one more
    ASSERT_TRUE(breaker.allows(now));
    passes.push_back(breaker.started(now));
  }
  EXPECT_FALSE(breaker.allows(now));
  for (std::uint32_t i = 1; i < options.close_after; ++i) {
    EXPECT_EQ(breaker.state(), BreakerState::half_open);
    breaker.succeeded(breaker.free_pass(), now, milliseconds(1));
  }
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST_F(BreakerTest, AFailureWhileHalfOpenOpensItAgain) {
  half_open();
  fail();
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST_F(BreakerTest, ARestHalfOpensItWithoutASuccess) {
  breaker.rested(now);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  open();
  breaker.rested(now);
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
}

TEST_F(BreakerTest, StragglersFromBeforeTheOutageChangeNothing) {
  const auto straggler = breaker.started(now);
  open();
  breaker.succeeded(straggler, now, milliseconds(1));
  EXPECT_EQ(breaker.state(), BreakerState::open);
  now += options.probe_every;
  succeed();
  breaker.failed(straggler, now, "late");
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
}

TEST_F(BreakerTest, WhatWasWithdrawnFreesItsPlaceAndCountsForNothing) {
  open();
  now += options.probe_every;
  for (std::uint32_t i = 0; i < 3 * options.max_probes; ++i) {
    breaker.withdrawn(breaker.started(now));
    now += options.probe_every;
    EXPECT_TRUE(breaker.allows(now));
  }
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

}  // namespace
}  // namespace payswitch::routing
