#include "text/query.h"

#include <gtest/gtest.h>

namespace payswitch::text {
namespace {

using namespace std::string_view_literals;

TEST(PercentDecode, ReadsTwoHexadecimalDigits) {
  EXPECT_EQ(percent_decode(""), "");
  EXPECT_EQ(percent_decode("abc"), "abc");
  EXPECT_EQ(percent_decode("%3A%3a%41"), "::A");
  EXPECT_EQ(percent_decode("a%00b%FF"), "a\0b\xff"sv);
  EXPECT_EQ(percent_decode("%2525"), "%25") << "once";
}

TEST(PercentDecode, LeavesThePlusOfATimeZoneAlone) {
  EXPECT_EQ(percent_decode("12:34+02:00"), "12:34+02:00");
}

TEST(PercentDecode, APercentWithoutItsTwoDigitsIsNothing) {
  for (const auto text : {"%"sv, "a%"sv, "%4"sv, "%zz"sv, "%4z"sv, "%z4"sv, "%+4"sv, "% 4"sv,
                          "%-1"sv, "%%41"sv, "%0x"sv, "%4\0"sv}) {
    EXPECT_FALSE(percent_decode(text)) << text;
  }
}

TEST(QueryParameter, AreTakenOneAfterTheOther) {
  std::string_view query = "from=1&to=&wait&a=b=c";
  auto parameter = take_parameter(query);
  EXPECT_EQ(parameter.name, "from");
  EXPECT_EQ(parameter.value, "1");
  EXPECT_EQ(query, "to=&wait&a=b=c");
  parameter = take_parameter(query);
  EXPECT_EQ(parameter.name, "to");
  EXPECT_EQ(parameter.value, "");
  parameter = take_parameter(query);
  EXPECT_EQ(parameter.name, "wait");
  EXPECT_EQ(parameter.value, "");
  parameter = take_parameter(query);
  EXPECT_EQ(parameter.name, "a");
  EXPECT_EQ(parameter.value, "b=c");
  EXPECT_EQ(query, "");
}

TEST(QueryParameter, IsEmptyWhereTwoAmpersandsMeet) {
  std::string_view query = "&=&a&";
  EXPECT_TRUE(take_parameter(query).is_empty());
  EXPECT_TRUE(take_parameter(query).is_empty());
  EXPECT_FALSE(take_parameter(query).is_empty());
  EXPECT_EQ(query, "") << "the last one ends nothing";
}

TEST(QueryParameter, IsNamedAsItsDecodedNameSays) {
  EXPECT_TRUE((QueryParameter{"from", ""}.is_named("from")));
  EXPECT_TRUE((QueryParameter{"%66ro%6D", ""}.is_named("from")));
  EXPECT_FALSE((QueryParameter{"From", ""}.is_named("from")));
  EXPECT_FALSE((QueryParameter{"xfrom", ""}.is_named("from")));
  EXPECT_FALSE((QueryParameter{"fro%zz", ""}.is_named("from")));
  EXPECT_TRUE((QueryParameter{"a%zz", ""}.is_named("a%zz"))) << "as it was sent";
}

}  // namespace
}  // namespace payswitch::text
