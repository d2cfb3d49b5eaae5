#include "routing/limit.h"

#include <gtest/gtest.h>

namespace payswitch::routing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Limit, DoublesEachRoundUntilTheFirstOverloadAndNeverPassesTheMaximum) {
  Limit limit({.start = 8}, 100);
  for (std::uint32_t i = 0; i < 8; ++i) limit.succeeded(8);
  EXPECT_EQ(limit.current(), 16u);
  for (int i = 0; i < 1000; ++i) limit.succeeded(100);
  EXPECT_EQ(limit.current(), 100u);
}

TEST(Limit, FallsByAFactorAndThenCreepsUpByOneARound) {
  Limit limit({.start = 100, .decrease = 0.5}, 100);
  limit.overloaded(platform::Instant(seconds(1)));
  EXPECT_EQ(limit.current(), 50u);
  for (int i = 0; i < 51; ++i) limit.succeeded(51);
  EXPECT_EQ(limit.current(), 51u);
}

TEST(Limit, DecreasesOnceInAnIntervalHoweverManyTimeOutsThereAre) {
  LimitOptions options{.start = 100, .decrease = 0.5};
  Limit limit(options, 100);
  const platform::Instant start(seconds(1));
  for (int i = 0; i < 50; ++i) limit.overloaded(start);
  limit.overloaded(start + options.decrease_every - milliseconds(1));
  EXPECT_EQ(limit.current(), 50u);
  limit.overloaded(start + options.decrease_every);
  EXPECT_EQ(limit.current(), 25u);
}

TEST(Limit, NeverFallsBelowItsMinimum) {
  Limit limit({.start = 64, .min = 4}, 100);
  for (int i = 0; i < 100; ++i) limit.overloaded(platform::Instant(seconds(i)));
  EXPECT_EQ(limit.current(), 4u);
}

TEST(Limit, DoesNotGrowWhileItIsHardlyUsed) {
  Limit limit({.start = 8}, 100);
  for (int i = 0; i < 1000; ++i) limit.succeeded(3);
  EXPECT_EQ(limit.current(), 8u);
}

}  // namespace
}  // namespace payswitch::routing
