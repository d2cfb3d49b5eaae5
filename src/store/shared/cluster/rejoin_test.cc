#include "store/shared/cluster/rejoin.h"

#include <gtest/gtest.h>

namespace payswitch::store::shared {
namespace {

using namespace std::chrono_literals;

class WholenessTest : public testing::Test {
 protected:
  bool is_whole() const { return wholeness_.is_whole(now_); }

  // Everybody is there and has written, long after the beginning.
  void SetUp() override {
    wholeness_.begin_run(false, {}, now_);
    wholeness_.learn({"we", "other"}, {"we", "other"}, now_);
    now_ += 60s;
    ASSERT_TRUE(is_whole());
  }

  platform::Instant now_{100s};
  RejoinBarrier wholeness_{10s};
};

TEST_F(WholenessTest, ARedisThatKeepsAllIsWholeAsSoonAsItIsBack) {
  wholeness_.begin_run(true, {"other"}, now_);
  EXPECT_TRUE(is_whole());
  wholeness_.learn({"we", "other"}, {"we"}, now_);
  EXPECT_TRUE(is_whole());
}

TEST_F(WholenessTest, OneThatMayHaveForgottenIsWholeWhenEverybodyWhoLivesHasWritten) {
  wholeness_.begin_run(false, {"other"}, now_);
  EXPECT_FALSE(is_whole());
  wholeness_.learn({"we", "other"}, {"we"}, now_);
  EXPECT_FALSE(is_whole());
  wholeness_.learn({"we", "other"}, {"we", "other"}, now_);
  EXPECT_TRUE(is_whole());
}

TEST_F(WholenessTest, WhomRedisKnowsAndThenBuriesIsNotAwaited) {
  wholeness_.begin_run(false, {"other"}, now_);
  wholeness_.learn({"we", "other"}, {"we"}, now_);
  wholeness_.learn({"we"}, {"we"}, now_);
  EXPECT_TRUE(is_whole());
}

TEST_F(WholenessTest, WhomRedisHasForgottenIsAwaitedForALease) {
  wholeness_.begin_run(false, {"other"}, now_);
  wholeness_.learn({"we"}, {"we"}, now_);
  now_ += 10s - 1ns;
  EXPECT_FALSE(is_whole());
  now_ += 1ns;
  EXPECT_TRUE(is_whole());
}

TEST_F(WholenessTest, WhatOneRunHasForgottenTheNextOneLacksTooHoweverWellItKeeps) {
  wholeness_.begin_run(false, {"other"}, now_);
  wholeness_.learn({"we", "other"}, {"we"}, now_);
  now_ += 1s;
  wholeness_.begin_run(true, {"other"}, now_);
  EXPECT_FALSE(is_whole());
  wholeness_.learn({"we", "other"}, {"we", "other"}, now_);
  EXPECT_TRUE(is_whole());
}

TEST_F(WholenessTest, ALeaseInWhichNobodyCouldWriteMakesNothingWholeForTheNextRun) {
  wholeness_.begin_run(false, {"other"}, now_);
  wholeness_.learn({"we", "other"}, {"we"}, now_);
  now_ += 60s;
  wholeness_.begin_run(true, {"other"}, now_);
  EXPECT_FALSE(is_whole());
}

TEST_F(WholenessTest, WhoHasNotComeBackInALeaseIsAwaitedNoMore) {
  wholeness_.begin_run(false, {"other"}, now_);
  now_ += 10s;
  wholeness_.learn({"we"}, {"we"}, now_);
  now_ += 1s;
  wholeness_.begin_run(true, {}, now_);
  EXPECT_TRUE(is_whole());
}

}  // namespace
}  // namespace payswitch::store::shared
