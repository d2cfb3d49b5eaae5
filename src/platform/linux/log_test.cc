#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/linux/real.h"
#include "text/one_line.h"

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

TEST(RealLog, ALineFromOutsideIsCutInEitherFormat) {
  const std::string payload(100'000, '\x9b');
  for (const auto format : {LogFormat::text, LogFormat::json}) {
    const std::string line = written(format, Level::info, Level::warn, payload);
    EXPECT_LT(line.size(), text::max_line_bytes + 200);
    EXPECT_THAT(line, HasSubstr(" bytes more)"));
    EXPECT_THAT(line, Not(HasSubstr("\x9b")));
  }
}

}  // namespace
}  // namespace payswitch::platform
