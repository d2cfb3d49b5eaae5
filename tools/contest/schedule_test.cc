#include "tools/contest/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::lab::contest {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(Schedule, HasTheStagesOfTheContest) {
  const Schedule schedule = make_schedule(1);
  ASSERT_EQ(schedule.stages.size(), 6u);
  EXPECT_EQ(schedule.stages[0].starts, 1s);
  EXPECT_EQ(schedule.stages[3].starts, 30s);
  EXPECT_EQ(schedule.stages[3].settings[cheap], (Setting{2000ms, true}));
  EXPECT_EQ(schedule.stages[3].settings[dear], (Setting{1000ms, true}));
  EXPECT_EQ(schedule.stages[5].settings[dear], (Setting{5000ms, false}));
  EXPECT_EQ(schedule.length, 60s);
  EXPECT_THAT(schedule.checks, ElementsAre(10s, 20s, 30s, 40s, 50s, 60s));
}

TEST(Schedule, AScaleShortensEveryTimeButTheRestThatMakesTheRate) {
  const Schedule schedule = make_schedule(0.2);
  EXPECT_EQ(schedule.stages[0].starts, 200ms);
  EXPECT_EQ(schedule.stages[5].settings[dear].delay, 1s);
  EXPECT_EQ(schedule.length, 12s);
  EXPECT_THAT(schedule.checks, ElementsAre(2s, 4s, 6s, 8s, 10s, 12s));
  EXPECT_EQ(schedule.check_from, 3s);
  EXPECT_EQ(schedule.check_to, 300ms);
  EXPECT_EQ(schedule.last_check_from, 22s);
  EXPECT_EQ(schedule.client_rest, 1s);
  EXPECT_EQ(schedule.clients, 550u);
}

TEST(Schedule, ClientsComeEvenlyFromTheStartToTheEnd) {
  const Schedule schedule = make_schedule(1);
  EXPECT_EQ(client_starts(schedule, 0), 0s);
  EXPECT_EQ(client_starts(schedule, 1), platform::Duration(60s) / 549);
  EXPECT_EQ(client_starts(schedule, 549), 60s);
}

TEST(Schedule, AStageLastsUntilTheNextOneStarts) {
  const Schedule schedule = make_schedule(1);
  EXPECT_EQ(stage_at(schedule, 0s), 0u);
  EXPECT_EQ(stage_at(schedule, 10s - 1ns), 0u);
  EXPECT_EQ(stage_at(schedule, 10s), 1u);
  EXPECT_EQ(stage_at(schedule, 50s), 5u);
  EXPECT_EQ(stage_at(schedule, 1h), 5u);
}

TEST(ScheduleDeathTest, AScaleBeyondItsLimitsIsABug) {
  EXPECT_EQ(make_schedule(min_scale).length, 600ms);
  EXPECT_EQ(make_schedule(max_scale).length, 600s);
  EXPECT_DEATH(make_schedule(0.009), "scale");
  EXPECT_DEATH(make_schedule(10.1), "scale");
}

}  // namespace
}  // namespace payswitch::lab::contest
