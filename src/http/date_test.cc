#include "http/date.h"

#include <gtest/gtest.h>

namespace payswitch::http {
namespace {

using payment::UtcMs;

std::string date_at(std::string_view iso) {
  Date date;
  return std::string(date.at(payment::parse_iso8601(iso).value().floor));
}

TEST(Date, IsWrittenAsRfc9110Wants) {
  EXPECT_EQ(date_at("1994-11-06T08:49:37.999Z"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date_at("2024-02-29T23:59:59Z"), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(date_at("1969-12-31T23:59:59.001Z"), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(Date, IsWrittenAnewOnlyWhenTheSecondHasChanged) {
  Date date;
  const char* const first = date.at({1'000'000'000'000}).data();
  const std::string text(date.at({1'000'000'000'999}));
  EXPECT_EQ(date.at({1'000'000'000'999}).data(), first);
  EXPECT_EQ(text, "Sun, 09 Sep 2001 01:46:40 GMT");
  EXPECT_EQ(date.at({1'000'000'001'000}), "Sun, 09 Sep 2001 01:46:41 GMT");
  EXPECT_EQ(date.at({1'000'000'000'000}), text) << "a clock that was set back";
}

TEST(Date, AClockBeyondAllYearsHasTheNearestOne) {
  Date date;
  EXPECT_EQ(date.at(UtcMs::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(date.at(UtcMs::min()), "Sat, 01 Jan 0000 00:00:00 GMT");
}

}  // namespace
}  // namespace payswitch::http
