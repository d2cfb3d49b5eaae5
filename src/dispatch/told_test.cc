#include "dispatch/told.h"

#include <gtest/gtest.h>

namespace payswitch::dispatch {
namespace {

using payment::UtcMs;

constexpr UtcMs none{0};

TEST(Horizon, Rule6_WhatIsToldIsKeptASecondAhead) {
  Horizon horizon(none);
  EXPECT_FALSE(horizon.covers({10'000}, none));
  EXPECT_EQ(horizon.extend_to({10'000}), UtcMs{10'999});
  EXPECT_FALSE(horizon.covers({10'000}, none));  // it is not durable yet
  EXPECT_FALSE(horizon.extend_to({10'000}));     // and on its way
  EXPECT_FALSE(horizon.extend_to({10'999}));
  horizon.is_kept({10'999});
  EXPECT_TRUE(horizon.covers({10'999}, none));
  EXPECT_FALSE(horizon.covers({11'000}, none));
}

TEST(Horizon, AskedForAllTheTimeItIsKeptOnceASecondAtMost) {
  Horizon horizon(none);
  int times = 0;
  for (std::int64_t now = 1'000; now < 11'000; ++now) {
    if (horizon.covers({now}, none)) continue;
    const auto keep = horizon.extend_to({now});
    ASSERT_TRUE(keep);
    ++times;
    horizon.is_kept(*keep);
  }
  EXPECT_EQ(times, 10);
}

TEST(Horizon, WhatALaterIntentShowsNeedNotBeKept) {
  const Horizon horizon(none);
  EXPECT_TRUE(horizon.covers({999}, {1'000}));
  // The next one may be issued in the same millisecond.
  EXPECT_FALSE(horizon.covers({1'000}, {1'000}));
}

TEST(Horizon, WhatWasKeptBeforeTheStartCounts) {
  Horizon horizon({500});
  EXPECT_TRUE(horizon.covers({500}, none));
  EXPECT_EQ(horizon.extend_to({501}), UtcMs{1'500});
}

TEST(Horizon, OneThatIsKeptLateTakesNothingBack) {
  Horizon horizon(none);
  horizon.extend_to({1'000});
  horizon.extend_to({5'000});
  horizon.is_kept({5'999});
  horizon.is_kept({1'999});
  EXPECT_TRUE(horizon.covers({5'000}, none));
}

}  // namespace
}  // namespace payswitch::dispatch
