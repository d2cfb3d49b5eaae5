#include "payment/time.h"

#include <date/date.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <sstream>
#include <vector>

namespace payswitch::payment {
namespace {

constexpr std::int64_t second = 1'000;
constexpr std::int64_t hour = 3'600 * second;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t noon = 1'751'976'000 * second;  // 2025-07-08T12:00:00Z

// The floor of a time that must be readable and exact.
std::int64_t ms(std::string_view text) {
  const auto time = parse_iso8601(text);
  if (!time || !time->exact) {
    ADD_FAILURE() << text << (time ? " is not exact" : " is refused");
    return 0;
  }
  return time->floor.value;
}

template <typename... Arguments>
std::string print(const char* format, Arguments... arguments) {
  char text[64];
  const int length = std::snprintf(text, sizeof text, format, arguments...);
  return std::string(text, static_cast<std::size_t>(length));
}

TEST(ParseIso8601, ReadsUtcWhenNoZoneIsNamed) {
  EXPECT_EQ(ms("1970-01-01T00:00:00"), 0);
  EXPECT_EQ(ms("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ms("2025-07-08T12:00:00"), noon);
  EXPECT_EQ(ms("2025-07-08T12:00:00.789Z"), noon + 789);
  EXPECT_EQ(ms("1969-12-31T23:59:59.999Z"), -1);
}

TEST(ParseIso8601, TakesASpaceOrLowerCaseLetters) {
  EXPECT_EQ(ms("2025-07-08 12:00:00"), noon);
  EXPECT_EQ(ms("2025-07-08t12:00:00z"), noon);
}

TEST(ParseIso8601, ReadsZonesWithAndWithoutAColon) {
  EXPECT_EQ(ms("2025-07-08T14:00:00+02:00"), noon);
  EXPECT_EQ(ms("2025-07-08T14:00:00+0200"), noon);
  EXPECT_EQ(ms("2025-07-08T09:00:00-0300"), noon);
  EXPECT_EQ(ms("2025-07-08T17:45:00.5+05:45"), noon + 500);
  EXPECT_EQ(ms("2025-07-08T12:00:00-00:00"), noon);
  EXPECT_EQ(ms("2025-07-09T11:59:00+23:59"), noon);
  EXPECT_EQ(ms("2025-07-07T12:01:00-23:59"), noon);
}

TEST(ParseIso8601, ReadsOneToNineDigitsOfAFraction) {
  EXPECT_EQ(ms("2025-07-08T12:00:00.1"), noon + 100);
  EXPECT_EQ(ms("2025-07-08T12:00:00.12"), noon + 120);
  EXPECT_EQ(ms("2025-07-08T12:00:00.1230000"), noon + 123);
  EXPECT_EQ(ms("2025-07-08T12:00:00.123000000Z"), noon + 123);
  EXPECT_FALSE(parse_iso8601("2025-07-08T12:00:00.1230000000"));
  EXPECT_FALSE(parse_iso8601("2025-07-08T12:00:00."));
  EXPECT_FALSE(parse_iso8601("2025-07-08T12:00:00.Z"));
}

TEST(ParseIso8601, RoundsDownAndSaysSoWhenMoreThanZerosWereCutOff) {
  for (const char* text : {"2025-07-08T12:00:00.7891", "2025-07-08T12:00:00.789000001Z"}) {
    const auto time = parse_iso8601(text);
    ASSERT_TRUE(time) << text;
    EXPECT_FALSE(time->exact) << text;
    EXPECT_EQ(time->floor.value, noon + 789) << text;
    EXPECT_EQ(time->rounded_up().value, noon + 790) << text;
  }
  EXPECT_EQ(parse_iso8601("2025-07-08T12:00:00.789")->rounded_up().value, noon + 789);
}

TEST(ParseIso8601, RoundsDownBefore1970AsWell) {
  const auto time = parse_iso8601("1969-12-31T23:59:59.9999");
  ASSERT_TRUE(time);
  EXPECT_EQ(time->floor.value, -1);
  EXPECT_EQ(time->rounded_up().value, 0);
}

TEST(ParseIso8601, KnowsTheDaysOfEveryMonth) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int month = 1; month <= 12; ++month) {
    EXPECT_TRUE(parse_iso8601(print("2025-%02d-%02dT00:00:00", month, days[month - 1])));
    EXPECT_FALSE(parse_iso8601(print("2025-%02d-%02dT00:00:00", month, days[month - 1] + 1)));
    EXPECT_FALSE(parse_iso8601(print("2025-%02d-00T00:00:00", month)));
  }
  EXPECT_FALSE(parse_iso8601("2025-00-01T00:00:00"));
  EXPECT_FALSE(parse_iso8601("2025-13-01T00:00:00"));
}

TEST(ParseIso8601, KnowsLeapYears) {
  for (const int year : {0, 4, 400, 1600, 1972, 2000, 2024}) {
    EXPECT_TRUE(parse_iso8601(print("%04d-02-29T00:00:00", year))) << year;
  }
  for (const int year : {1, 100, 1900, 2023, 2025, 2100}) {
    EXPECT_FALSE(parse_iso8601(print("%04d-02-29T00:00:00", year))) << year;
  }
}

TEST(ParseIso8601, RefusesTimesThatNoClockShows) {
  EXPECT_TRUE(parse_iso8601("2025-07-08T23:59:59"));
  EXPECT_FALSE(parse_iso8601("2025-07-08T24:00:00"));
  EXPECT_FALSE(parse_iso8601("2025-07-08T12:60:00"));
  EXPECT_FALSE(parse_iso8601("2016-12-31T23:59:60Z"));
  EXPECT_FALSE(parse_iso8601("2025-07-08T12:00:00+24:00"));
  EXPECT_FALSE(parse_iso8601("2025-07-08T12:00:00+00:60"));
}

TEST(ParseIso8601, RefusesAnythingMissingOrTooMuch) {
  for (const char* text : {"",
                           "2025",
                           "2025-07-08",
                           "2025-07-08T",
                           "2025-07-08T12:00",
                           "2025-07-08T12:00:0",
                           "2025-7-08T12:00:00",
                           "25-07-08T12:00:00",
                           "12025-07-08T12:00:00",
                           "+2025-07-08T12:00:00",
                           "-025-07-08T12:00:00",
                           "20250708T120000",
                           "2025/07/08T12:00:00",
                           "2025-07-08_12:00:00",
                           " 2025-07-08T12:00:00",
                           "2025-07-08T12:00:00 ",
                           "2025-07-08T12:00:00ZZ",
                           "2025-07-08T12:00:00+",
                           "2025-07-08T12:00:00+2",
                           "2025-07-08T12:00:00+02",
                           "2025-07-08T12:00:00+2:00",
                           "2025-07-08T12:00:00+02:",
                           "2025-07-08T12:00:00+02:0",
                           "2025-07-08T12:00:00+02:000",
                           "2025-07-08T12:00:00 02:00",
                           "2025-07-08T12:00:00Z+02:00",
                           "2025-07-08T12:00:00,5",
                           "2025-07-08T12:00:00.-5",
                           "2025-07-08T12:00: 1",
                           "2025-07-08T12:00:0x",
                           "now",
                           "1751976000000"}) {
    EXPECT_FALSE(parse_iso8601(text)) << '"' << text << '"';
  }
  EXPECT_FALSE(parse_iso8601(std::string_view("2025-07-08T12:00:00\0", 20)));
}

// Each prefix lies in memory of its own, so that a sanitizer sees a look beyond its end.
TEST(ParseIso8601, ReadsOnlyThosePrefixesThatEndWhereATimeMayEnd) {
  constexpr std::string_view text = "2025-07-08T12:00:00.123456789+02:00";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const std::vector<char> prefix(text.begin(),
                                   text.begin() + static_cast<std::ptrdiff_t>(length));
    const bool ends = length == 19 || (length >= 21 && length <= 29) || length == text.size();
    EXPECT_EQ(parse_iso8601({prefix.data(), prefix.size()}).has_value(), ends) << length;
  }
}

TEST(FormatIso8601, AlwaysWritesThreeDigitsAndZ) {
  EXPECT_EQ(format_iso8601({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_iso8601({-1}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_iso8601({noon + 7}), "2025-07-08T12:00:00.007Z");
}

TEST(FormatIso8601, WritesYears0000To9999AndTheNearestOfThemBeyond) {
  const std::int64_t first = ms("0000-01-01T00:00:00.000");
  const std::int64_t last = ms("9999-12-31T23:59:59.999");
  EXPECT_EQ(format_iso8601({first}), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(format_iso8601({first - 1}), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(format_iso8601(UtcMs::min()), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(format_iso8601({last}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_iso8601({last + 1}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_iso8601(UtcMs::max()), "9999-12-31T23:59:59.999Z");
}

TEST(ParseIso8601, AZoneMayCarryTheMomentBeyondTheYearsThatCanBeWritten) {
  EXPECT_EQ(ms("0000-01-01T00:00:00+01:00"), ms("0000-01-01T00:00:00") - hour);
  EXPECT_EQ(ms("9999-12-31T23:00:00-01:00"), ms("9999-12-31T23:00:00") + hour);
}

TEST(TimeProperty, EveryMomentIsWrittenAsTheCalendarSaysAndReadsBack) {
  const std::int64_t first = ms("0000-01-01T00:00:00");
  const std::int64_t last = ms("9999-12-31T23:59:59.999");
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> moments(first, last);
  for (int i = 0; i < 100'000; ++i) {
    std::int64_t moment = moments(random);
    if (i % 4 == 0) moment -= ((moment % day) + day) % day + i % 8 / 4;  // around midnight
    const auto text = format_iso8601({moment});
    const date::sys_time<std::chrono::milliseconds> expected{std::chrono::milliseconds(moment)};
    ASSERT_EQ(text, date::format("%FT%TZ", expected));
    ASSERT_EQ(ms(text), moment) << text;
  }
}

// Days up to 32 and months up to 13, so that a good part of the dates does not exist.
TEST(TimeProperty, DatesAndZonesAreReadAsTheCalendarSays) {
  std::mt19937_64 random(2);
  const auto below = [&](int end) { return std::uniform_int_distribution(0, end - 1)(random); };
  int refused = 0;
  for (int i = 0; i < 100'000; ++i) {
    const date::year_month_day calendar_day(date::year(below(10'000)),
                                            date::month(static_cast<unsigned>(below(14))),
                                            date::day(static_cast<unsigned>(below(33))));
    const auto clock =
        std::chrono::seconds(below(86'400)) + std::chrono::milliseconds(below(1'000));
    const auto zone = std::chrono::minutes(below(2 * 1'439 + 1) - 1'439);
    const auto ahead = static_cast<int>(std::abs(zone.count()));
    const auto text =
        print("%04d-%02u-%02uT%s%c%02d%s%02d", static_cast<int>(calendar_day.year()),
              static_cast<unsigned>(calendar_day.month()),
              static_cast<unsigned>(calendar_day.day()), date::format("%T", clock).c_str(),
              zone.count() < 0 ? '-' : '+', ahead / 60, below(2) == 0 ? ":" : "", ahead % 60);
    const auto time = parse_iso8601(text);
    ASSERT_EQ(time.has_value(), calendar_day.ok()) << text;
    refused += !calendar_day.ok();
    if (!time) continue;
    const auto expected = date::sys_days(calendar_day) + clock - zone;
    ASSERT_EQ(time->floor.value, expected.time_since_epoch().count()) << text;
    ASSERT_TRUE(time->exact) << text;
  }
  EXPECT_GT(refused, 5'000);
}

TEST(TimeProperty, TextIsReadAsTheDateLibraryReadsIt) {
  std::mt19937_64 random(3);
  std::uniform_int_distribution<std::int64_t> moments(-5'000 * day, 50'000 * day);
  for (int i = 0; i < 20'000; ++i) {
    const auto text = format_iso8601({moments(random)});
    std::istringstream in(text);
    date::sys_time<std::chrono::milliseconds> expected;
    in >> date::parse("%FT%TZ", expected);
    ASSERT_TRUE(in) << text;
    ASSERT_EQ(ms(text), expected.time_since_epoch().count()) << text;
  }
}

}  // namespace
}  // namespace payswitch::payment
