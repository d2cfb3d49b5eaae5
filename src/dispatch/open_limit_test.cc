#include "dispatch/open_limit.h"

#include <gmock/gmock.h>

namespace payswitch::dispatch {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t mebibyte = 1ull << 20;
constexpr platform::MemoryLimit small{320 * mebibyte, "cgroup"};

TEST(OpenLimitTest, HalfOfTheMemoryIsForTheBacklog) {
  EXPECT_EQ(open_payments_carried(320 * mebibyte), 671'088u);
  const auto limit = open_limit(std::nullopt, small);
  EXPECT_EQ(limit.payments, 671'088u);
  EXPECT_EQ(limit.why, "from 320 MiB of memory (cgroup)");
  EXPECT_FALSE(limit.warning);
}

TEST(OpenLimitTest, ItIsNeverMoreThanTwoMillionNorLessThanTenThousand) {
  EXPECT_EQ(open_payments_carried(1'000'000'000), 2'000'000u);
  EXPECT_EQ(open_payments_carried(999'999'499), 1'999'998u);
  EXPECT_EQ(open_payments_carried(1ull << 60), 2'000'000u);
  EXPECT_EQ(open_payments_carried(5'000'500), 10'001u);
  EXPECT_EQ(open_payments_carried(4'999'999), 10'000u);
  EXPECT_EQ(open_payments_carried(0), 10'000u);
}

TEST(OpenLimitTest, WhatIsConfiguredWinsAndOneMoreThanMemoryCarriesIsWarnedOf) {
  const auto fits = open_limit(671'088, small);
  EXPECT_EQ(fits.payments, 671'088u);
  EXPECT_EQ(fits.why, "as configured");
  EXPECT_FALSE(fits.warning);
  const auto beyond = open_limit(671'089, small);
  EXPECT_EQ(beyond.payments, 671'089u);
  ASSERT_TRUE(beyond.warning);
  EXPECT_THAT(*beyond.warning, HasSubstr("671089, but half of 320 MiB of memory (cgroup)"));
  EXPECT_THAT(*beyond.warning, HasSubstr("carries 671088"));
}

}  // namespace
}  // namespace payswitch::dispatch
