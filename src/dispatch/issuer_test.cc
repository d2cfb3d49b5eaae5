#include "dispatch/issuer.h"

#include <gtest/gtest.h>

namespace payswitch::dispatch {
namespace {

using payment::UtcMs;

TEST(Issuer, FollowsTheWallClock) {
  Issuer issuer({0});
  EXPECT_EQ(issuer.issue({100}), UtcMs{100});
  EXPECT_EQ(issuer.issue({100}), UtcMs{100});
  EXPECT_EQ(issuer.issue({101}), UtcMs{101});
}

TEST(Issuer, Rule2_5_NeverGoesBackWithTheWallClockNorAcrossARestart) {
  Issuer issuer({500});
  EXPECT_EQ(issuer.issue({100}), UtcMs{500});
  issuer.issue({600});
  EXPECT_EQ(issuer.issue({550}), UtcMs{600});
}

TEST(Issuer, Rule6_NeverIssuesWithinATimeThatWasDeclaredFinal) {
  Issuer issuer({0});
  issuer.declare_final({100});
  issuer.declare_final({50});
  EXPECT_EQ(issuer.issue({100}), UtcMs{101});
}

// An instance that hears of it issues nothing at that time either.
TEST(Issuer, Rule6_WhatItTellsOthersIsTheLeastThatItMayIssue) {
  Issuer issuer({5});
  issuer.issue({100});
  EXPECT_EQ(issuer.least_next(), UtcMs{100});
  issuer.declare_final({100});
  EXPECT_EQ(issuer.least_next(), UtcMs{101});
  Issuer other({0});
  other.heard_of(issuer.least_next());
  EXPECT_EQ(other.issue({50}), UtcMs{101});
}

TEST(Issuer, ATimeDeclaredFinalBetweenTwoIssuesIsRespected) {
  Issuer issuer({0});
  issuer.issue({100});
  issuer.declare_final({100});
  EXPECT_EQ(issuer.issue({100}), UtcMs{101});
}

TEST(Issuer, AWallClockFarBehindIsNoticedAtTheLimitPlusOne) {
  Issuer issuer({0});
  issuer.issue({10'000});
  EXPECT_FALSE(issuer.is_far_ahead_of({10'000 - Issuer::alarm_ms}));
  EXPECT_TRUE(issuer.is_far_ahead_of({10'000 - Issuer::alarm_ms - 1}));
}

}  // namespace
}  // namespace payswitch::dispatch
