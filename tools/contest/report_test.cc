#include "tools/contest/report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/json_fields.h"

namespace payswitch::lab::contest {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

BookLine line_at(std::int64_t ms) {
  return {.id = {}, .amount = payment::Money::from_cents(1990), .requested_at = {ms}, .times = 1};
}

// Ten payments, all at the cheap processor.
Report good() {
  Report report{.schedule = make_schedule(1),
                .posts = {},
                .stages = {},
                .checks = {},
                .last_check = {},
                .findings = {},
                .health_calls = {},
                .cpu_us = {}};
  for (int i = 0; i < 10; ++i) report.posts.add(202u, 1ms);
  report.stages.resize(report.schedule.stages.size());
  report.last_check.ours[cheap] = report.last_check.theirs[cheap] = {.count = 10, .cents = 19900};
  report.checks.push_back({.at = 10s, .window = {}, .ours = {}, .theirs = {}});
  return report;
}

TEST(Report, PassesWhenEverythingIsAccountedFor) {
  const Report report = good();
  EXPECT_TRUE(passed(report));
  EXPECT_EQ(lag(report), 0);
  EXPECT_EQ(inconsistencies(report), 0u);
  const std::string text = to_text(report);
  EXPECT_THAT(text, HasSubstr("payments         10 taken of 10; failures: none"));
  EXPECT_THAT(text, HasSubstr("(100.000 %)"));
  EXPECT_THAT(text, HasSubstr("score            226.86"));  // 199.00 - 9.95 + 20 %
  EXPECT_THAT(text, HasSubstr("30.0 s  2000 ms, failing  1000 ms, failing"));
  EXPECT_THAT(text, HasSubstr("result           passed"));
}

TEST(Report, NothingTakenIsNoSuccess) {
  EXPECT_FALSE(passed(Report{}));
}

TEST(Report, ADifferenceAtAnyCheckFails) {
  Report report = good();
  report.checks[0].theirs[dear].count = 2;
  EXPECT_EQ(inconsistencies(report), 2u);
  EXPECT_FALSE(passed(report));
  EXPECT_THAT(to_text(report), HasSubstr("inconsistencies  2 (2, 0 at the checks)"));
  report = good();
  report.last_check.theirs[cheap].count = 9;
  EXPECT_EQ(inconsistencies(report), 1u);
  EXPECT_FALSE(passed(report));
  EXPECT_GT(score(report).penalty, 0);
}

TEST(Report, ACheckThatCouldNotBeMadeFails) {
  Report report = good();
  report.failed_checks = 1;
  EXPECT_FALSE(passed(report));
  EXPECT_THAT(to_text(report), HasSubstr("1 checks could not be made"));
}

TEST(Report, WhatWasTakenAndIsNotInTheSummaryIsLag) {
  Report report = good();
  report.posts.add(202u, 1ms);
  EXPECT_EQ(lag(report), 1);
  EXPECT_FALSE(passed(report));
  report = good();
  report.last_check.ours[dear].count = report.last_check.theirs[dear].count = 1;
  EXPECT_EQ(lag(report), -1);
  EXPECT_FALSE(passed(report));
}

TEST(Report, AFailedPostIsShownAndIsNoLag) {
  Report report = good();
  report.posts.add(503u, 1ms);
  EXPECT_TRUE(passed(report));
  EXPECT_THAT(to_text(report), HasSubstr("10 taken of 11; failures: 503 x 1"));
}

TEST(Report, AskingForTheHealthTwiceInFiveSecondsFails) {
  for (const std::size_t processor : {cheap, dear}) {
    Report report = good();
    report.health_calls = {{{.all = 12}, {.all = 11}}};
    EXPECT_TRUE(passed(report));
    EXPECT_THAT(to_text(report), HasSubstr("12 at default, 11 at fallback; 0 within 5 s"));
    report.health_calls[processor].too_early = 1;
    EXPECT_FALSE(passed(report));
    EXPECT_THAT(to_text(report), HasSubstr("11 at fallback; 1 within 5 s"));
  }
}

TEST(Report, NamesFindingsAndCountsThoseThatItDoesNotName) {
  Report report = good();
  for (int i = 0; i < 20; ++i) report.findings.push_back({Fault::lost, {}, "in no book"});
  EXPECT_FALSE(passed(report));
  const std::string named = "00000000-0000-0000-0000-000000000000 lost: in no book\n";
  EXPECT_THAT(to_text(report), HasSubstr("lost: 20\n"));
  EXPECT_THAT(to_text(report), Not(HasSubstr("...")));
  report.findings.push_back({Fault::doubled, {}, "at both"});
  EXPECT_THAT(to_text(report), HasSubstr("lost: 20, doubled: 1\n"));
  EXPECT_THAT(to_text(report), HasSubstr(named + "  ...\n"));
}

TEST(Report, JsonCountsAllFindingsAndNamesAThousand) {
  const auto names = [](std::size_t findings) {
    Report report = good();
    report.findings.assign(findings, {Fault::lost, {}, "in no book"});
    const std::string json = to_json(report);
    EXPECT_THAT(json, HasSubstr(fmt::format(R"("counts":{{"lost":{}}})", findings)));
    std::size_t count = 0;
    for (auto at = json.find("\"where\""); at != json.npos; at = json.find("\"where\"", at + 1)) {
      ++count;
    }
    return count;
  };
  EXPECT_EQ(names(1'000), 1'000u);
  EXPECT_EQ(names(1'001), 1'000u);
}

TEST(Report, JsonIsOneObjectWithAllOfIt) {
  Report report = good();
  report.cpu_us = 123.456;
  report.findings.push_back({Fault::refused_and_yet, {}, "1 x 19.90 at default"});
  http::JsonField fields[] = {{.name = "passed"}, {.name = "cpu_us_per_payment"},
                              {.name = "score"},  {.name = "checks"},
                              {.name = "stages"}, {.name = "books"}};
  ASSERT_EQ(http::read_json_fields(to_json(report), fields), http::JsonVerdict::ok);
  EXPECT_EQ(fields[0].text, "false");
  EXPECT_EQ(fields[1].text, "123.46");
  for (int i = 2; i < 6; ++i) {
    EXPECT_NE(fields[i].kind, http::JsonField::Kind::absent) << fields[i].name;
  }
}

TEST(StageFigures, ABookedPaymentBelongsToTheStageOfItsRequestedAt) {
  const std::vector<load::Tally> posts(3);
  const std::vector<payment::UtcMs> began{{1'000}, {2'000}, {3'000}};
  const auto stages = figures_by_stage(
      posts, began,
      {{{line_at(999), line_at(1'000), line_at(1'999), line_at(2'250), line_at(2'050)},
        {line_at(2'000), line_at(2'300), line_at(2'100), line_at(9'000)}}});
  EXPECT_EQ(stages[0].booked, (Pair<std::uint64_t>{2, 0}));
  EXPECT_EQ(stages[1].booked, (Pair<std::uint64_t>{2, 3}));
  EXPECT_EQ(stages[2].booked, (Pair<std::uint64_t>{0, 1}));
  EXPECT_EQ(stages[1].first_at_cheap, 50ms);
  EXPECT_EQ(stages[1].last_at_dear, 300ms);
  EXPECT_EQ(stages[0].last_at_dear, std::nullopt);
  EXPECT_EQ(stages[2].first_at_cheap, std::nullopt);
  EXPECT_EQ(stages[2].last_at_dear, 6s);
}

}  // namespace
}  // namespace payswitch::lab::contest
