#include "tools/load/pace.h"

#include <gtest/gtest.h>

namespace payswitch::lab::load {
namespace {

using namespace std::chrono_literals;

TEST(Pace, TheFirstIsDueAtOnceAndTheOthersFollowEvenly) {
  const Pace pace(4, 1s);
  EXPECT_EQ(pace.due(0), 0s);
  EXPECT_EQ(pace.due(1), 250ms);
  EXPECT_EQ(pace.due(3), 750ms);
}

TEST(Pace, WhatIsDueAtTheEndOfTheSpanIsNotPartOfIt) {
  EXPECT_EQ(Pace(4, 1s).total(), 4u);
  EXPECT_EQ(Pace(4, 1s + 1ns).total(), 5u);
  EXPECT_EQ(Pace(4, 1ns).total(), 1u);
}

TEST(Pace, AnOddRateDoesNotDriftOverADay) {
  const Pace pace(7, 24h);
  EXPECT_EQ(pace.total(), 7u * 24 * 3600);
  EXPECT_EQ(pace.due(7u * 24 * 3600 - 7), 24h - 1s);
  EXPECT_LT(pace.due(pace.total() - 1), 24h);
}

TEST(Pace, TheFastestRateOfTheLongestSpanIsCountedExactly) {
  const Pace pace(Pace::max_per_second, Pace::max_span);
  EXPECT_EQ(pace.total(), 86'400'000'000u);
  EXPECT_EQ(pace.due(pace.total() - 1), 24h - 1us);
}

TEST(PaceDeathTest, BeyondItsMaximaIsABug) {
  EXPECT_DEATH(Pace(0, 1s), "per_second");
  EXPECT_DEATH(Pace(Pace::max_per_second + 1, 1s), "per_second");
  EXPECT_DEATH(Pace(1, 0s), "span");
  EXPECT_DEATH(Pace(1, Pace::max_span + 1ns), "span");
}

}  // namespace
}  // namespace payswitch::lab::load
