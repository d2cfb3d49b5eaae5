#include "tools/processor/fee.h"

#include <gtest/gtest.h>

#include "payment/money.h"

namespace payswitch::lab {
namespace {

Fee fee(std::string_view text) {
  return Fee::parse(text).value();
}

TEST(Fee, IsReadExactlyAndShownAsItIs) {
  for (const auto* text : {"0", "0.05", "0.15", "0.000001", "0.999999", "1"}) {
    EXPECT_EQ(fee(text).to_string(), text);
  }
  EXPECT_EQ(fee("0.050000").to_string(), "0.05");
  EXPECT_EQ(fee("1.0").parts_per_million(), 1'000'000);
}

TEST(Fee, WhatIsNoShareIsRefused) {
  for (const auto* text : {"", ".", "0.", ".5", "-0.1", "+0.1", "1.000001", "2", "0.0000001",
                           "0.5x", "5e-2", " 0.5"}) {
    EXPECT_FALSE(Fee::parse(text)) << text;
  }
}

TEST(Fee, IsRoundedHalfUpOnTheSum) {
  EXPECT_EQ(fee("0.05").of(9) == 0, true);
  EXPECT_EQ(fee("0.05").of(10) == 1, true);      // 0.5 cents
  EXPECT_EQ(fee("0.15").of(1990) == 299, true);  // 298.5
  EXPECT_EQ(fee("0").of(123456) == 0, true);
  EXPECT_EQ(fee("1").of(123456) == 123456, true);
}

TEST(Fee, DoesNotOverflowOnTheLargestBooks) {
  const __int128 cents = __int128{payment::Money::max_cents} * 1'000'000'000'000;
  EXPECT_TRUE(fee("1").of(cents) == cents);
}

}  // namespace
}  // namespace payswitch::lab
