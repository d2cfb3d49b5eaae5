#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/linux/log_text.h"
#include "platform/linux/real.h"

namespace payswitch::platform {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string written(LogFormat format, Level least, Level level, std::string_view line) {
  testing::internal::CaptureStderr();
  make_real_log(format, least)->write(level, line);
  return testing::internal::GetCapturedStderr();
}

TEST(RealLog, TextIsOneLineWithUtcTimeAndLevel) {
  EXPECT_THAT(
      written(LogFormat::text, Level::info, Level::warn, "no\nprocessors"),
      MatchesRegex(
          "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z warn  "
          "no\\\\nprocessors\n"));
}

TEST(RealLog, JsonIsOneObjectALine) {
  EXPECT_THAT(written(LogFormat::json, Level::info, Level::error, "a \"b\"\n{} %v"),
              MatchesRegex("\\{\"time\":\"20[0-9T:.-]*Z\",\"level\":\"error\",\"message\":\"a "
                           "\\\\\"b\\\\\"\\\\u000a\\{\\} %v\"\\}\n"));
}

TEST(RealLog, SaysNothingBelowItsLevel) {
  EXPECT_EQ(written(LogFormat::text, Level::warn, Level::info, "quiet"), "");
  EXPECT_NE(written(LogFormat::text, Level::warn, Level::warn, "loud"), "");
  const auto log = make_real_log(LogFormat::text, Level::warn);
  EXPECT_FALSE(log->enabled(Level::info));
  EXPECT_TRUE(log->enabled(Level::error));
}

TEST(LogText, NobodysPayloadForgesALine) {
  EXPECT_EQ(on_one_line("a\nb\tc\x1b[31m\x7f é"), "a\\nb\\tc\\x1b[31m\\x7f é");
}

TEST(LogText, AC1ControlAndAByteThatIsNoUtf8AreNeverRaw) {
  EXPECT_EQ(on_one_line("a\xc2\x9b"
                        "31m\xc2\x80\xc2\x9f"),
            "a\\u009b31m\\u0080\\u009f");
  EXPECT_EQ(on_one_line("\x9b"
                        "31m\xff\xc2"),
            "\\x9b31m\\xff\\xc2");
  EXPECT_EQ(on_one_line("\xc2\xa0 \xe2\x82\xac"), "\xc2\xa0 \xe2\x82\xac") << "no controls";
  EXPECT_EQ(json_quoted("a\xc2\x9b"
                        "31m"),
            "\"a\\u009b31m\"");
}

TEST(LogText, ALineOfTheLargestSizeIsWholeAndALongerOneIsCut) {
  const std::string largest(max_line_bytes, 'x');
  EXPECT_EQ(on_one_line(largest), largest);
  EXPECT_EQ(on_one_line(largest + "yz"), largest + "... (2 bytes more)");
  EXPECT_EQ(json_line(largest), '"' + largest + '"');
  EXPECT_EQ(json_line(largest + "y"), '"' + largest + "... (1 bytes more)\"");
  EXPECT_EQ(json_quoted(largest + "y"), '"' + largest + "y\"") << "what is no line is never cut";
}

TEST(LogText, ACutFallsBetweenTwoCharactersAndNeverInAnEscape) {
  const std::string nearly(max_line_bytes - 1, 'x');
  EXPECT_EQ(on_one_line(nearly + "\xc3\xa9z"), nearly + "... (3 bytes more)");
  EXPECT_EQ(on_one_line(nearly + "\x1b"), nearly + "... (1 bytes more)");
  EXPECT_EQ(on_one_line(std::string(1000, '\x1b')).size(),
            max_line_bytes + std::string_view("... (744 bytes more)").size());
}

TEST(RealLog, ALineFromOutsideIsCutInEitherFormat) {
  const std::string payload(100'000, '\x9b');
  for (const auto format : {LogFormat::text, LogFormat::json}) {
    const std::string line = written(format, Level::info, Level::warn, payload);
    EXPECT_LT(line.size(), max_line_bytes + 200);
    EXPECT_THAT(line, HasSubstr(" bytes more)"));
    EXPECT_THAT(line, Not(HasSubstr("\x9b")));
  }
}

TEST(LogText, JsonEscapesQuotesBackslashesAndControls) {
  EXPECT_EQ(json_quoted(R"(a"b\c)"), R"("a\"b\\c")");
  EXPECT_EQ(json_quoted(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
}

TEST(LogText, JsonKeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(json_quoted("é€\xf0\x9f\x92\xb6"), "\"é€\xf0\x9f\x92\xb6\"");
  EXPECT_EQ(json_quoted("a\xff"), "\"a\\ufffd\"");
  EXPECT_EQ(json_quoted("\xc3"), "\"\\ufffd\"") << "cut short";
  EXPECT_EQ(json_quoted("\xc0\xaf"), "\"\\ufffd\\ufffd\"") << "overlong";
  EXPECT_EQ(json_quoted("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"") << "surrogate";
  EXPECT_EQ(json_quoted("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"") << "too large";
}

}  // namespace
}  // namespace payswitch::platform
