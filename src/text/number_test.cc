#include "text/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace payswitch::text {
namespace {

using namespace std::string_view_literals;

TEST(Number, IsTheWholeText) {
  EXPECT_EQ(parse_number<std::uint16_t>("0"), 0);
  EXPECT_EQ(parse_number<std::uint16_t>("80"), 80);
  EXPECT_EQ(parse_number<std::int32_t>("-7"), -7);
  EXPECT_EQ(parse_number<std::int32_t>("007"), 7);
  EXPECT_EQ(parse_number<double>("0.25"), 0.25);
  EXPECT_EQ(parse_number<double>("-1e3"), -1000.0);
}

TEST(Number, NothingElseIsOne) {
  for (const auto text : {""sv, "-"sv, "+1"sv, " 1"sv, "1 "sv, "1\n"sv, "1a"sv, "a1"sv, "0x1"sv,
                          "1.0"sv, "1e2"sv, "1,000"sv, "--1"sv, "1\0"sv, "\0"sv, "\xd9\xa1"sv}) {
    EXPECT_FALSE(parse_number<std::int64_t>(text)) << text;
  }
}

TEST(Number, ATypeWithoutASignHasNoMinus) {
  EXPECT_FALSE(parse_number<std::uint64_t>("-1"));
  EXPECT_FALSE(parse_number<std::uint64_t>("-0"));
}

TEST(Number, EndsWhereItsTypeEnds) {
  EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65535);
  EXPECT_FALSE(parse_number<std::uint16_t>("65536"));
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_FALSE(parse_number<std::uint64_t>("18446744073709551616"));
  EXPECT_EQ(parse_number<std::int64_t>("9223372036854775807"), INT64_MAX);
  EXPECT_FALSE(parse_number<std::int64_t>("9223372036854775808"));
  EXPECT_EQ(parse_number<std::int64_t>("-9223372036854775808"), INT64_MIN);
  EXPECT_FALSE(parse_number<std::int64_t>("-9223372036854775809"));
}

TEST(Number, IsWithinTheRangeThatIsAskedFor) {
  EXPECT_FALSE(parse_number<int>("0", 1, 5));
  EXPECT_EQ(parse_number<int>("1", 1, 5), 1);
  EXPECT_EQ(parse_number<int>("5", 1, 5), 5);
  EXPECT_FALSE(parse_number<int>("6", 1, 5));
}

TEST(Number, OneWithAFractionIsFinite) {
  for (const auto text : {"inf"sv, "-inf"sv, "nan"sv, "1e999"sv, ""sv, "."sv, "1."sv.substr(1),
                          "+1.0"sv, " 1.0"sv, "1.0x"sv, "half"sv}) {
    EXPECT_FALSE(parse_number<double>(text)) << text;
  }
}

TEST(Number, IsTakenFromTheFrontAndTheRestIsLeft) {
  std::string_view text = "12-34";
  EXPECT_EQ(take_number<unsigned>(text), 12u);
  EXPECT_EQ(text, "-34");
  EXPECT_FALSE(take_number<unsigned>(text));
  EXPECT_EQ(text, "-34") << "what is no number stays";
  EXPECT_EQ(take_number<int>(text), -34);
  EXPECT_EQ(text, "");
}

TEST(Number, OneThatIsTooLargeIsNotTaken) {
  std::string_view text = "65536 ";
  EXPECT_FALSE(take_number<std::uint16_t>(text));
  EXPECT_EQ(text, "65536 ");
}

}  // namespace
}  // namespace payswitch::text
