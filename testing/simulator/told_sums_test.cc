#include "testing/simulator/told_sums.h"

#include <gtest/gtest.h>

namespace payswitch::lab::simulator {
namespace {

using payment::UtcMs;

constexpr platform::Instant at(int second) {
  return platform::Instant(std::chrono::seconds(second));
}

ToldSums::Told sum(std::int64_t count, std::optional<UtcMs> final_until = {}) {
  return {.window = {UtcMs{0}, UtcMs{100}},
          .final_until = final_until,
          .sums = {Sum{count, count * 1'000}, Sum{}}};
}

TEST(ToldSums, AnAttemptThatWasIssuedLaterKeepsOut) {
  ToldSums told;
  EXPECT_FALSE(told.tell(sum(1, UtcMs{50}), at(9), at(10)));
  EXPECT_FALSE(told.issue({50}, at(10)));  // perhaps before
  EXPECT_TRUE(told.issue({50}, at(11)));
  EXPECT_FALSE(told.issue({51}, at(11)));
}

TEST(ToldSums, WhatWasNotToldAsFinalMayGrow) {
  ToldSums told;
  told.tell(sum(1), at(9), at(10));
  EXPECT_FALSE(told.issue({50}, at(11)));
  EXPECT_FALSE(told.tell(sum(2), at(12), at(13)));
}

TEST(ToldSums, TheLatestFinalTimeCounts) {
  ToldSums told;
  told.tell(sum(1, UtcMs{50}), at(9), at(10));
  told.tell(sum(1, UtcMs{30}), at(11), at(12));
  told.tell(sum(1, UtcMs{70}), at(13), at(14));
  EXPECT_TRUE(told.issue({50}, at(13)));
  EXPECT_FALSE(told.issue({60}, at(14)));
  EXPECT_TRUE(told.issue({60}, at(15)));
}

TEST(ToldSums, NoSumShrinksSaveInAnotherLife) {
  ToldSums told;
  told.tell(sum(2), at(9), at(10));
  EXPECT_FALSE(told.tell(sum(1), at(10), at(11)));  // it was asked for before
  EXPECT_TRUE(told.tell(sum(1), at(11), at(12)));
  told.forget_sums();
  EXPECT_FALSE(told.tell(sum(1), at(13), at(14)));
}

}  // namespace
}  // namespace payswitch::lab::simulator
