#include "text/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace payswitch::text {
namespace {

using namespace std::string_view_literals;

TEST(Utf8, TheFirstAndTheLastCharacterOfEachLengthAreWellFormed) {
  for (const auto text :
       {"\0"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
        "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv}) {
    EXPECT_TRUE(is_utf8(text)) << text;
    EXPECT_EQ(first_character(text).bytes, text);
  }
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("Zürich, 5 €, 💶"));
}

TEST(Utf8, OverlongFormsSurrogatesAndWhatIsTooHighAreNone) {
  for (const auto text :
       {"\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xf0\x8f\xbf\xbf"sv, "\xed\xa0\x80"sv,
        "\xed\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xff"sv}) {
    EXPECT_FALSE(is_utf8(text));
    EXPECT_EQ(first_character(text).bytes.size(), 1u) << "each byte is for itself";
    EXPECT_FALSE(first_character(text).is_utf8);
  }
}

TEST(Utf8, ASequenceThatIsCutShortOrGoesOnWronglyIsNone) {
  for (const auto text : {"\xc3"sv, "\xe2\x82"sv, "\xf0\x9f\x92"sv, "\xc3("sv, "\xe2\x82("sv,
                          "\xe2(\xac"sv, "\x80"sv, "\xbf"sv, "a\xff"sv}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8, TheFirstCharacterLeavesTheOthers) {
  EXPECT_EQ(first_character("é€").bytes, "é");
  EXPECT_EQ(first_character("€é").bytes, "€");
  EXPECT_EQ(first_character("\xc3(").bytes, "\xc3");
}

TEST(Utf8, ControlsAreThoseOfAsciiAndThoseBeyondIt) {
  for (const auto text : {"\0"sv, "\n"sv, "\x1f"sv, "\x7f"sv}) {
    EXPECT_TRUE(first_character(text).is_c0_control());
    EXPECT_FALSE(first_character(text).is_c1_control());
  }
  for (const auto text : {"\xc2\x80"sv, "\xc2\x9b"sv, "\xc2\x9f"sv}) {
    EXPECT_TRUE(first_character(text).is_c1_control());
    EXPECT_FALSE(first_character(text).is_c0_control());
  }
  for (const auto text : {" "sv, "~"sv, "\xc2\xa0"sv, "\xc3\x80"sv, "\x80"sv, "\x9b"sv}) {
    EXPECT_FALSE(first_character(text).is_c0_control()) << text;
    EXPECT_FALSE(first_character(text).is_c1_control()) << text;
  }
}

TEST(Utf8, ATextIsCutBetweenTwoCharacters) {
  EXPECT_EQ(cut_to("abc", 3), "abc");
  EXPECT_EQ(cut_to("abcd", 3), "abc");
  EXPECT_EQ(cut_to("abé", 3), "ab");
  EXPECT_EQ(cut_to("ab€", 4), "ab");
  EXPECT_EQ(cut_to("aé", 3), "aé");
  EXPECT_EQ(cut_to("abc", 0), "");
  EXPECT_EQ(cut_to(std::string(1000, '\x80'), 64), "") << "no character begins there";
}

}  // namespace
}  // namespace payswitch::text
