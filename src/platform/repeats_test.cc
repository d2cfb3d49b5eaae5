#include "platform/repeats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace payswitch::platform {
namespace {

using namespace std::chrono_literals;

class Written final : public Log {
 public:
  bool enabled(Level) const override { return true; }
  void write(Level, std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

constexpr Instant start{std::chrono::hours(1)};

TEST(Repeats, TheFirstTimeIsSaidAtOnceAndTheNextAreCounted) {
  Repeats repeats;
  EXPECT_EQ(repeats.happened(start), 1u);
  EXPECT_EQ(repeats.happened(start), std::nullopt);
  EXPECT_EQ(repeats.happened(start + 1min - 1ns), std::nullopt);
  EXPECT_EQ(repeats.happened(start + 1min), 3u);
}

TEST(Repeats, TwiceASecondForADayIsSaidOnceAnHour) {
  Repeats repeats;
  std::vector<Duration> said;
  for (Duration at = 0s; at < 24h; at += 500ms) {
    if (repeats.happened(start + at)) said.push_back(at);
  }
  ASSERT_EQ(said.size(), 26u);
  EXPECT_EQ(said[1], 1min);
  EXPECT_EQ(said[2], 11min);
  EXPECT_EQ(said[3], 1h + 11min);
  EXPECT_EQ(said[25], 23h + 11min);
}

TEST(Repeats, AsManyAsAskedForAreSaidAtOnce) {
  Repeats repeats(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(repeats.happened(start), 1u);
  EXPECT_EQ(repeats.happened(start), std::nullopt);
  EXPECT_EQ(repeats.happened(start + 1min), 2u);
}

TEST(Repeats, AfterALongSilenceItIsSaidAtOnceAgain) {
  Repeats repeats;
  repeats.happened(start);
  repeats.happened(start + 1s);
  EXPECT_EQ(repeats.happened(start + 1s + Repeats::forgotten_after), 2u);
  Repeats rarely;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(rarely.happened(start + i * Repeats::forgotten_after), 1u);
  }
}

TEST(Repeats, WhatWasCountedIsSaidWhenItRests) {
  Repeats repeats;
  repeats.happened(start);
  EXPECT_EQ(repeats.rested(start + 1h, 5s), std::nullopt) << "nothing is left to say";
  repeats.happened(start + 1s);
  repeats.happened(start + 2s);
  EXPECT_EQ(repeats.rested(start + 7s - 1ns, 5s), std::nullopt);
  EXPECT_EQ(repeats.rested(start + 7s, 5s), 2u);
  EXPECT_EQ(repeats.rested(start + 8s, 5s), std::nullopt);
}

TEST(RepeatedLine, SaysHowOftenMore) {
  Written log;
  RepeatedLine line;
  for (int i = 0; i < 120; ++i) {
    line.say(log, Level::error, start + i * 500ms, "processor {}: no", "default");
  }
  line.say(log, Level::error, start + 1min, "processor {}: no", "default");
  EXPECT_THAT(log.lines, testing::ElementsAre("processor default: no",
                                              "processor default: no (and 119 times more since "
                                              "this was last said)"));
}

}  // namespace
}  // namespace payswitch::platform
