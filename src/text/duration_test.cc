#include "text/duration.h"

#include <gtest/gtest.h>

namespace payswitch::payment {
namespace {

using std::chrono::milliseconds;

TEST(Duration, IsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("2s"), milliseconds(2000));
  EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(parse_duration("3m"), milliseconds(180'000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(Duration, IsNothingElse) {
  for (std::string_view text : {"", "s", "5", "-1s", "1 s", "1,5s", "1.s", ".5s", "1.0005s",
                                "1e3ms", "5d", "99999999999h", "0x1s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Scaled, IsExactOrNothing) {
  EXPECT_EQ(parse_scaled("0.05", 1'000'000), 50'000);
  EXPECT_EQ(parse_scaled("0.0000001", 1'000'000), std::nullopt);
  EXPECT_EQ(parse_scaled("0.0000000", 1), 0);
}

}  // namespace
}  // namespace payswitch::payment
