#include "text/duration.h"

#include <gtest/gtest.h>

namespace payswitch::text {
namespace {

using std::chrono::milliseconds;

TEST(Duration, IsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("2s"), milliseconds(2000));
  EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(parse_duration("3m"), milliseconds(180'000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(Duration, IsNothingElse) {
  for (std::string_view text : {"", "s", "5", "-1s", "1 s", "1,5s", "1.s", ".5s", "1.0005s",
                                "1e3ms", "5d", "99999999999h", "0x1s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, IsShownInTheLargestUnitThatFits) {
  EXPECT_EQ(format_duration(milliseconds(0)), "0s");
  EXPECT_EQ(format_duration(milliseconds(250)), "250ms");
  EXPECT_EQ(format_duration(milliseconds(5'200)), "5200ms");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(5'400'000)), "90m");
  EXPECT_EQ(format_duration(milliseconds(7'200'000)), "2h");
}

TEST(Duration, AsItIsShownItIsReadAgain) {
  for (const int count : {0, 1, 999, 1000, 59'000, 60'000, 3'599'999, 3'600'000, 86'400'000}) {
    EXPECT_EQ(parse_duration(format_duration(milliseconds(count))), milliseconds(count));
  }
}

TEST(Duration, EndsAtAMillionHours) {
  constexpr auto longest = std::chrono::hours(1'000'000);
  EXPECT_EQ(parse_duration("1000000h"), longest);
  EXPECT_EQ(parse_duration("3600000000s"), longest);
  EXPECT_FALSE(parse_duration("1000000.1h"));
  EXPECT_FALSE(parse_duration("3600000000001ms"));
  EXPECT_EQ(std::chrono::nanoseconds(longest) / std::chrono::nanoseconds(1),
            3'600'000'000'000'000'000);
}

TEST(Scaled, EndsWhereSixtyFourBitsEnd) {
  EXPECT_EQ(parse_scaled("9223372036854775806", 1), 9'223'372'036'854'775'806);
  EXPECT_FALSE(parse_scaled("9223372036854775807", 1));
  EXPECT_EQ(parse_scaled("92233720368547757.99", 100), 9'223'372'036'854'775'799);
  EXPECT_FALSE(parse_scaled("92233720368547758.00", 100));
  EXPECT_FALSE(parse_scaled("18446744073709551617", 1));
}

TEST(Scaled, HasNoSignAndNoSpace) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, "."sv, "-1"sv, "-0"sv, "+1"sv, " 1"sv, "1 "sv, "1.-5"sv, "1.5."sv,
                          "1.\0"sv, "1e2"sv}) {
    EXPECT_FALSE(parse_scaled(text, 100)) << text;
  }
}

TEST(Scaled, IsExactOrNothing) {
  EXPECT_EQ(parse_scaled("0.05", 1'000'000), 50'000);
  EXPECT_EQ(parse_scaled("0.0000001", 1'000'000), std::nullopt);
  EXPECT_EQ(parse_scaled("0.0000000", 1), 0);
}

}  // namespace
}  // namespace payswitch::text
