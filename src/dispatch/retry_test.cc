#include "dispatch/retry.h"

#include <gtest/gtest.h>

#include "testing/world/random.h"

namespace payswitch::dispatch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Backoff, IsUniformBelowADoublingCeilingAndNeverAboveTheCap) {
  Options options{.backoff_base = milliseconds(50), .backoff_cap = seconds(5)};
  lab::SeededRandom random(1);
  for (std::uint32_t tries = 0; tries < 70; ++tries) {
    const auto ceiling = std::min<platform::Duration>(
        options.backoff_cap, options.backoff_base * (1ll << std::min(tries, 20u)));
    platform::Duration longest{0};
    platform::Duration shortest = ceiling;
    for (int i = 0; i < 500; ++i) {
      const auto wait = backoff(options, tries, random);
      longest = std::max(longest, wait);
      shortest = std::min(shortest, wait);
    }
    EXPECT_LT(longest, ceiling);
    EXPECT_GT(longest, ceiling * 9 / 10);
    EXPECT_LT(shortest, ceiling / 10);
  }
}

TEST(RetryBudget, LimitsTheRateAndRefillsWithTime) {
  Options options{.budget_per_second = 10, .budget_per_attempt = 0.5, .budget_max = 20};
  platform::Instant now(seconds(1));
  RetryBudget budget(options, now);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(budget.spend(now));
  EXPECT_FALSE(budget.spend(now));
  now += milliseconds(100);
  EXPECT_TRUE(budget.spend(now));
  EXPECT_FALSE(budget.spend(now));
  now += seconds(1000);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(budget.spend(now));
  EXPECT_FALSE(budget.spend(now));
}

TEST(RetryBudget, FirstAttemptsEarnTokens) {
  Options options{.budget_per_second = 0, .budget_per_attempt = 0.5, .budget_max = 1};
  const platform::Instant now(seconds(1));
  RetryBudget budget(options, now);
  EXPECT_TRUE(budget.spend(now));
  budget.first_attempt();
  EXPECT_FALSE(budget.spend(now));
  budget.first_attempt();
  EXPECT_TRUE(budget.spend(now));
}

}  // namespace
}  // namespace payswitch::dispatch
