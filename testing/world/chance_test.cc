#include "testing/world/chance.h"

#include <gtest/gtest.h>

namespace payswitch::lab {
namespace {

TEST(SeededChance, TheSameSeedGivesTheSameNumbersAndAnotherDoesNot) {
  SeededChance one(7);
  SeededChance same(7);
  SeededChance other(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto number = one.next();
    EXPECT_EQ(number, same.next());
    differs = differs || number != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(SeededChance, StaysBelowItsBoundAndReachesAllOfIt) {
  SeededChance chance(1);
  std::array<int, 10> seen{};
  for (int i = 0; i < 10'000; ++i) ++seen[chance.below(10)];
  for (const int count : seen) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
  EXPECT_EQ(chance.below(1), 0u);
}

TEST(SeededChance, UniformIsSpreadOverTheUnitInterval) {
  SeededChance chance(3);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = chance.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

}  // namespace
}  // namespace payswitch::lab
