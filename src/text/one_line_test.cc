#include "text/one_line.h"

#include <gtest/gtest.h>

namespace payswitch::text {
namespace {

TEST(OneLine, NoPayloadForgesALine) {
  EXPECT_EQ(on_one_line("a\nb\tc\x1b[31m\x7f é"), "a\\nb\\tc\\x1b[31m\\x7f é");
  EXPECT_EQ(on_one_line(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(on_one_line(""), "");
}

TEST(OneLine, AC1ControlAndAByteThatIsNotUtf8AreNeverRaw) {
  EXPECT_EQ(on_one_line("a\xc2\x9b"
                        "31m\xc2\x80\xc2\x9f"),
            "a\\u009b31m\\u0080\\u009f");
  EXPECT_EQ(on_one_line("\x9b"
                        "31m\xff\xc2"),
            "\\x9b31m\\xff\\xc2");
  EXPECT_EQ(on_one_line("\xc2\xa0 \xe2\x82\xac"), "\xc2\xa0 \xe2\x82\xac") << "no controls";
  EXPECT_EQ(json_line("a\n\xc2\x9b\xff"), R"("a\u000a\u009b\ufffd")");
}

TEST(OneLine, ALineOfTheLargestSizeIsWholeAndALongerOneIsCut) {
  const std::string largest(max_line_bytes, 'x');
  EXPECT_EQ(on_one_line(largest), largest);
  EXPECT_EQ(on_one_line(largest + "yz"), largest + "... (2 bytes more)");
  EXPECT_EQ(json_line(largest), '"' + largest + '"');
  EXPECT_EQ(json_line(largest + "y"), '"' + largest + "... (1 bytes more)\"");
}

TEST(OneLine, ACutFallsBetweenTwoCharactersAndNeverInAnEscape) {
  const std::string nearly(max_line_bytes - 1, 'x');
  EXPECT_EQ(on_one_line(nearly + "\xc3\xa9z"), nearly + "... (3 bytes more)");
  EXPECT_EQ(on_one_line(nearly + "\x1b"), nearly + "... (1 bytes more)");
  EXPECT_EQ(on_one_line(std::string(1000, '\x1b')).size(),
            max_line_bytes + std::string_view("... (744 bytes more)").size());
}

}  // namespace
}  // namespace payswitch::text
