#include "dispatch/final_watermark.h"

#include <gtest/gtest.h>

namespace payswitch::dispatch {
namespace {

using payment::UtcMs;

constexpr UtcMs none{0};

TEST(FinalWatermark, Rule6_WhatIsDeclaredIsKeptASecondAhead) {
  FinalWatermark watermark(none);
  EXPECT_FALSE(watermark.covers({10'000}, none));
  EXPECT_EQ(watermark.extend_to({10'000}), UtcMs{10'999});
  EXPECT_FALSE(watermark.covers({10'000}, none));  // it is not durable yet
  EXPECT_FALSE(watermark.extend_to({10'000}));     // and on its way
  EXPECT_FALSE(watermark.extend_to({10'999}));
  watermark.kept({10'999});
  EXPECT_TRUE(watermark.covers({10'999}, none));
  EXPECT_FALSE(watermark.covers({11'000}, none));
}

TEST(FinalWatermark, AskedForAllTheTimeItIsKeptOnceASecondAtMost) {
  FinalWatermark watermark(none);
  int times = 0;
  for (std::int64_t now = 1'000; now < 11'000; ++now) {
    if (watermark.covers({now}, none)) continue;
    const auto keep = watermark.extend_to({now});
    ASSERT_TRUE(keep);
    ++times;
    watermark.kept(*keep);
  }
  EXPECT_EQ(times, 10);
}

TEST(FinalWatermark, WhatALaterIntentShowsNeedNotBeKept) {
  const FinalWatermark watermark(none);
  EXPECT_TRUE(watermark.covers({999}, {1'000}));
  // The next one may be issued in the same millisecond.
  EXPECT_FALSE(watermark.covers({1'000}, {1'000}));
}

TEST(FinalWatermark, WhatWasKeptBeforeTheStartCounts) {
  FinalWatermark watermark({500});
  EXPECT_TRUE(watermark.covers({500}, none));
  EXPECT_EQ(watermark.extend_to({501}), UtcMs{1'500});
}

TEST(FinalWatermark, OneThatIsKeptLateTakesNothingBack) {
  FinalWatermark watermark(none);
  watermark.extend_to({1'000});
  watermark.extend_to({5'000});
  watermark.kept({5'999});
  watermark.kept({1'999});
  EXPECT_TRUE(watermark.covers({5'000}, none));
}

}  // namespace
}  // namespace payswitch::dispatch
