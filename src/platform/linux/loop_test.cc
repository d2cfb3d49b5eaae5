#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <thread>
#include <vector>

#include "platform/linux/real.h"

namespace payswitch::platform {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class RealLoopTest : public testing::Test {
 protected:
  boost::asio::io_context context_;
  std::unique_ptr<Clock> clock_ = make_real_clock();
  std::unique_ptr<Loop> loop_ = make_real_loop(context_);
  std::unique_ptr<Timers> timers_ = make_real_timers(context_, *clock_);
  std::vector<int> ran_;
};

TEST_F(RealLoopTest, PostedCallbacksRunInTheOrderOfTheCallsAndNotAtOnce) {
  for (int i = 0; i < 3; ++i) loop_->post([this, i] { ran_.push_back(i); });
  EXPECT_TRUE(ran_.empty());
  context_.run();
  EXPECT_EQ(ran_, (std::vector{0, 1, 2}));
}

TEST_F(RealLoopTest, WhatACallbackPostsRunsAfterWhatIsReady) {
  loop_->post([this] {
    loop_->post([this] { ran_.push_back(3); });
    ran_.push_back(1);
  });
  loop_->post([this] { ran_.push_back(2); });
  context_.run();
  EXPECT_EQ(ran_, (std::vector{1, 2, 3}));
}

TEST_F(RealLoopTest, AnyThreadMayPost) {
  std::thread other([this] { loop_->post([this] { ran_.push_back(1); }); });
  other.join();
  context_.run();
  EXPECT_EQ(ran_, std::vector{1});
}

TEST_F(RealLoopTest, TimersRunInTheOrderOfTheirDeadlinesAndNeverEarlier) {
  const Instant start = clock_->now();
  Instant late;
  timers_->after(milliseconds(100), [&] {
    ran_.push_back(2);
    late = clock_->now();
  });
  timers_->after(milliseconds(2), [this] { ran_.push_back(1); });
  context_.run();
  EXPECT_EQ(ran_, (std::vector{1, 2}));
  EXPECT_GE(late - start, milliseconds(100));
}

TEST_F(RealLoopTest, ACancelledTimerLeavesTheNextOneArmed) {
  const TimerId doomed = timers_->after(milliseconds(1), [this] { ran_.push_back(9); });
  timers_->after(milliseconds(3), [this] { ran_.push_back(1); });
  timers_->cancel(doomed);
  context_.run();
  EXPECT_EQ(ran_, std::vector{1});
}

TEST_F(RealLoopTest, ATimerMaySetTheNextOne) {
  std::move_only_function<void(int)> count_down = [&](int left) {
    ran_.push_back(left);
    if (left > 0) timers_->after(microseconds(10), [&, left] { count_down(left - 1); });
  };
  count_down(3);
  context_.run();
  EXPECT_EQ(ran_, (std::vector{3, 2, 1, 0}));
}

TEST_F(RealLoopTest, ATimerWithoutDelayGivesWhatIsReadyItsTurn) {
  timers_->after(Duration::zero(), [this] {
    loop_->post([this] { ran_.push_back(1); });
    timers_->after(Duration(-1), [this] { ran_.push_back(2); });
  });
  context_.run();
  EXPECT_EQ(ran_, (std::vector{1, 2}));
}

TEST_F(RealLoopTest, ADelayThatNoClockReachesNeverEnds) {
  const TimerId never = timers_->after(Duration::max(), [this] { ran_.push_back(9); });
  timers_->after(milliseconds(1), [&] {
    ran_.push_back(1);
    context_.stop();
  });
  context_.run();
  timers_->cancel(never);
  EXPECT_EQ(ran_, std::vector{1});
}

TEST_F(RealLoopTest, ATimerMayEndItsTimers) {
  timers_->after(Duration::zero(), [this] { timers_.reset(); });
  timers_->after(Duration::zero(), [this] { ran_.push_back(9); });
  context_.run();
  EXPECT_TRUE(ran_.empty());
}

TEST(RealClock, TheWallIsThatOfThisCenturyAndTheMonotonicNeverGoesBack) {
  const auto clock = make_real_clock();
  EXPECT_GT(clock->wall().value, 1'700'000'000'000);
  EXPECT_LT(clock->wall().value, 4'100'000'000'000);
  Instant before = clock->now();
  for (int i = 0; i < 1'000; ++i) {
    const Instant now = clock->now();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(RealChance, TwoAreNotAlikeAndUniformStaysWithinItsRange) {
  const auto one = make_real_random();
  const auto other = make_real_random();
  EXPECT_NE(one->next(), other->next());
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = one->uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.05);
}

}  // namespace
}  // namespace payswitch::platform
