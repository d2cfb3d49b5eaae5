#include "text/json_string.h"

#include <gtest/gtest.h>

namespace payswitch::text {
namespace {

using namespace std::string_view_literals;

TEST(JsonString, HasItsQuotes) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("a b"), R"("a b")");
}

TEST(JsonString, EscapesQuotesBackslashesAndControls) {
  EXPECT_EQ(json_string(R"(a"b\c)"), R"("a\"b\\c")");
  EXPECT_EQ(json_string("a\nb\t/"), R"("a\u000ab\u0009/")");
  EXPECT_EQ(json_string("\0\x1f\x7f"sv), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(json_string("a\xc2\x9b"
                        "31m"),
            R"("a\u009b31m")");
}

TEST(JsonString, KeepsUtf8) {
  EXPECT_EQ(json_string("é€\xf0\x9f\x92\xb6\xc2\xa0"), "\"é€\xf0\x9f\x92\xb6\xc2\xa0\"");
}

TEST(JsonString, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(json_string("a\xff"), R"("a\ufffd")");
  EXPECT_EQ(json_string("\xc3"), R"("\ufffd")") << "cut short";
  EXPECT_EQ(json_string("\xc0\xaf"), R"("\ufffd\ufffd")") << "overlong";
  EXPECT_EQ(json_string("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")") << "a surrogate";
  EXPECT_EQ(json_string("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")") << "too large";
}

}  // namespace
}  // namespace payswitch::text
