#include "testing/world/random.h"

#include <gtest/gtest.h>

namespace payswitch::lab {
namespace {

TEST(SeededRandom, TheSameSeedGivesTheSameNumbersAndAnotherDoesNot) {
  SeededRandom one(7);
  SeededRandom same(7);
  SeededRandom other(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto number = one.next();
    EXPECT_EQ(number, same.next());
    differs = differs || number != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(SeededRandom, StaysBelowItsBoundAndReachesAllOfIt) {
  SeededRandom random(1);
  std::array<int, 10> seen{};
  for (int i = 0; i < 10'000; ++i) ++seen[random.below(10)];
  for (const int count : seen) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
  EXPECT_EQ(random.below(1), 0u);
}

TEST(SeededRandom, UniformIsSpreadOverTheUnitInterval) {
  SeededRandom random(3);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = random.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

}  // namespace
}  // namespace payswitch::lab
