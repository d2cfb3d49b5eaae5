#include "tools/contest/check.h"

#include <gtest/gtest.h>

namespace payswitch::lab::contest {
namespace {

using namespace std::chrono_literals;

const payment::UtcMs noon = payment::parse_iso8601("2026-01-01T12:00:00Z")->floor;

TEST(Check, ItsWindowLeavesOutWhatMayStillBeOnItsWay) {
  const Window window = window_at(make_schedule(1), noon);
  EXPECT_EQ(to_query(window), "?from=2026-01-01T11:59:45.000Z&to=2026-01-01T11:59:58.500Z");
}

TEST(Check, TheLastWindowReachesFromSeventySecondsAgoToNow) {
  const Window window = last_window_at(make_schedule(1), noon);
  EXPECT_EQ(to_query(window), "?from=2026-01-01T11:58:50.000Z&to=2026-01-01T12:00:00.000Z");
}

TEST(Check, WhatIsMissingAtOneProcessorIsNotMadeUpForByTheOther) {
  Check check{.at = 10s,
              .window = {},
              .ours = {{{.count = 7}, {.count = 4}}},
              .theirs = {{{.count = 7}, {.count = 4}}}};
  EXPECT_EQ(inconsistencies(check), 0u);
  check.theirs = {{{.count = 9}, {.count = 2}}};
  EXPECT_EQ(inconsistencies(check), 4u);
}

TEST(Check, ReadsTheSummaryOfTheSwitchExactly) {
  const auto totals = read_summary(
      R"({ "fallback" : {"totalAmount":0,"totalRequests":0},
           "default":{"totalRequests":3,"totalAmount":59.7},"other":{"totalRequests":9}})");
  ASSERT_TRUE(totals) << totals.error();
  EXPECT_EQ((*totals)[cheap], (payment::Total{.count = 3, .cents = 5970}));
  EXPECT_EQ((*totals)[dear], payment::Total{});
}

TEST(Check, ReadsTheSummaryOfAProcessor) {
  const auto total = read_total(R"({"totalRequests":2,"totalAmount":39.80,"totalFee":1.99})");
  ASSERT_TRUE(total) << total.error();
  EXPECT_EQ(*total, (payment::Total{.count = 2, .cents = 3980}));
}

TEST(Check, WhatIsNoSummaryIsAnErrorThatShowsIt) {
  EXPECT_EQ(read_summary("oops").error(), "not a summary: oops");
  EXPECT_FALSE(read_summary(R"({"default":{"totalRequests":3,"totalAmount":59.7}})"));
  EXPECT_FALSE(read_summary(R"({"default":{"totalRequests":3},"fallback":{"totalRequests":3}})"));
  EXPECT_FALSE(read_summary(R"({"default":7,"fallback":{"totalRequests":0,"totalAmount":0}})"));
  EXPECT_FALSE(read_total(R"({"totalRequests":-1,"totalAmount":0})"));
  EXPECT_FALSE(read_total(R"({"totalRequests":1.5,"totalAmount":0})"));
  EXPECT_FALSE(read_total(R"({"totalRequests":1,"totalAmount":0.001})"));
}

TEST(Check, ReadsHowOftenTheHealthOfAProcessorWasAskedFor) {
  EXPECT_EQ(read_health_calls(R"({"gets":3,"health_calls":12,"health_throttled":1})"),
            (HealthCalls{.all = 12, .too_early = 1}));
  EXPECT_FALSE(read_health_calls(R"({"health_calls":12})"));
  EXPECT_FALSE(read_health_calls("oops"));
}

}  // namespace
}  // namespace payswitch::lab::contest
