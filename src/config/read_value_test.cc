#include "config/read_value.h"

#include <gtest/gtest.h>

namespace payswitch::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Value toml(std::string text) {
  return std::move(text);
}
Value number(double value) {
  return value;
}
Value integer(std::int64_t value) {
  return value;
}

TEST(Durations, AreANumberAndAUnit) {
  const auto read = [](std::string text) {
    return read_duration(toml(std::move(text)), milliseconds(0), hours(24)).value();
  };
  EXPECT_EQ(read("250ms"), milliseconds(250));
  EXPECT_EQ(read("6s"), seconds(6));
  EXPECT_EQ(read("2m"), minutes(2));
  EXPECT_EQ(read("24h"), hours(24));
  EXPECT_EQ(read("0s"), seconds(0));
  EXPECT_EQ(read("1.5s"), milliseconds(1'500));
  EXPECT_EQ(read("0.001s"), milliseconds(1));
  EXPECT_EQ(read("0.5m"), seconds(30));
  EXPECT_EQ(read("1.50h"), minutes(90));
}

TEST(Durations, NothingElseIsOne) {
  for (const char* text : {"",        "5",
                           "s",       "ms",
                           "5 s",     " 5s",
                           "5s ",     "-5s",
                           "+5s",     "5S",
                           "5sec",    "5us",
                           "5d",      "1m30s",
                           "1e3s",    ".5s",
                           "5.s",     "0x5s",
                           "0.0005s", "1.5ms",
                           "1.2.3s",  "99999999999999999999s"}) {
    EXPECT_FALSE(read_duration(toml(text), milliseconds(0), hours(24))) << text;
  }
  EXPECT_FALSE(read_duration(integer(5), milliseconds(0), hours(24)));
  EXPECT_FALSE(read_duration(number(0.5), milliseconds(0), hours(24)));
}

TEST(Durations, AreHeldToTheirRange) {
  const auto read = [](std::string text) {
    return read_duration(Untyped{std::move(text)}, milliseconds(10), minutes(1)).has_value();
  };
  EXPECT_FALSE(read("9ms"));
  EXPECT_TRUE(read("10ms"));
  EXPECT_TRUE(read("60s"));
  EXPECT_FALSE(read("60.001s"));
  EXPECT_EQ(read_duration(toml("9ms"), milliseconds(10), minutes(1)).error(),
            "'9ms' is not a duration (a number and ms, s, m or h) from 10ms to 1m");
}

TEST(Counts, AreWholeNumbersWithinTheirRange) {
  EXPECT_EQ(read_count(integer(1), 1, 5), 1u);
  EXPECT_EQ(read_count(Untyped{"5"}, 1, 5), 5u);
  EXPECT_FALSE(read_count(integer(0), 1, 5));
  EXPECT_FALSE(read_count(integer(6), 1, 5));
  EXPECT_FALSE(read_count(integer(-1), 0, 5));
  EXPECT_FALSE(read_count(number(2.0), 1, 5));
  for (const char* text : {"", "a", "1a", "-1", "+1", " 1", "1.0", "18446744073709551616"}) {
    EXPECT_FALSE(read_count(Untyped{text}, 0, 5)) << text;
  }
  EXPECT_EQ(read_count(integer(6), 1, 5).error(), "6 is not a whole number from 1 to 5");
}

TEST(Counts, InQuotesInAFileAreTexts) {
  EXPECT_EQ(read_count(toml("3"), 1, 5).error(), "'3' is not a whole number from 1 to 5");
}

TEST(Texts, NeedTheirQuotesInAFile) {
  EXPECT_EQ(read_text(toml("a")), "a");
  EXPECT_EQ(read_text(Untyped{"1"}), "1");
  EXPECT_EQ(read_text(integer(1)).error(), "1 is not a string in quotes");
  EXPECT_EQ(read_text(Unusable{"an array"}).error(), "an array is not a string in quotes");
}

TEST(Shares, AreAboveZeroAndUpToOne) {
  EXPECT_EQ(read_share(number(0.5)), 0.5);
  EXPECT_EQ(read_share(integer(1)), 1.0);
  EXPECT_EQ(read_share(Untyped{"0.25"}), 0.25);
  for (const double value : {0.0, -0.5, 1.0000001, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(read_share(number(value))) << value;
  }
  EXPECT_FALSE(read_share(Untyped{"half"}));
  EXPECT_FALSE(read_share(Untyped{""}));
  EXPECT_FALSE(read_share(toml("0.5")));
}

TEST(Fees, AreExactToAPartPerMillion) {
  EXPECT_EQ(read_fee_ppm(number(0.05)), 50'000);
  EXPECT_EQ(read_fee_ppm(number(0.15)), 150'000);
  EXPECT_EQ(read_fee_ppm(number(0.000001)), 1);
  EXPECT_EQ(read_fee_ppm(number(0.999999)), 999'999);
  EXPECT_EQ(read_fee_ppm(integer(0)), 0);
  EXPECT_EQ(read_fee_ppm(integer(1)), 1'000'000);
  EXPECT_EQ(read_fee_ppm(toml("0.05")), 50'000);
  EXPECT_EQ(read_fee_ppm(toml("0.0500000000")), 50'000);
  EXPECT_EQ(read_fee_ppm(Untyped{"1"}), 1'000'000);
}

TEST(Fees, EveryPartPerMillionSurvivesItsDouble) {
  for (std::int64_t fee = 0; fee <= 1'000'000; ++fee) {
    ASSERT_EQ(read_fee_ppm(number(static_cast<double>(fee) / 1e6)), fee);
  }
}

TEST(Fees, AreNeverRounded) {
  EXPECT_FALSE(read_fee_ppm(number(0.0500001)));
  EXPECT_FALSE(read_fee_ppm(toml("0.0500001")));
  EXPECT_EQ(read_fee_ppm(number(0.0500001)).error(),
            "0.0500001 is not a number from 0 to 1 with at most six decimal places");
}

TEST(Fees, AreFromZeroToOne) {
  for (const double value : {-0.05, 1.000001, 1e300, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(read_fee_ppm(number(value))) << value;
  }
  for (const char* text :
       {"", "-0.05", "1.000001", "5%", ".05", "0.", "1e-2", "99999999999999999999"}) {
    EXPECT_FALSE(read_fee_ppm(toml(text))) << text;
  }
  EXPECT_FALSE(read_fee_ppm(integer(2)));
  EXPECT_FALSE(read_fee_ppm(integer(-1)));
}

TEST(Fees, AreShownWithoutSpareZeros) {
  EXPECT_EQ(format_fee(50'000), "0.05");
  EXPECT_EQ(format_fee(0), "0.0");
  EXPECT_EQ(format_fee(1), "0.000001");
  EXPECT_EQ(format_fee(1'000'000), "1.0");
}

}  // namespace
}  // namespace payswitch::config
