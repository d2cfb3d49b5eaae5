#include "platform/timer_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace payswitch::platform {
namespace {

using std::chrono::nanoseconds;

Instant at(std::int64_t count) {
  return Instant{nanoseconds(count)};
}

class TimerQueueTest : public testing::Test {
 protected:
  TimerId add(std::int64_t deadline, int mark) {
    return queue_.add(at(deadline), [this, mark] { ran_.push_back(mark); });
  }

  void run_until(std::int64_t now) {
    while (auto callback = queue_.pop_due(at(now))) (*callback)();
  }

  TimerQueue queue_;
  std::vector<int> ran_;
};

TEST_F(TimerQueueTest, RunsInTheOrderOfDeadlines) {
  add(30, 3);
  add(10, 1);
  add(20, 2);
  run_until(30);
  EXPECT_EQ(ran_, (std::vector{1, 2, 3}));
}

TEST_F(TimerQueueTest, EqualDeadlinesRunInTheOrderInWhichTheyWereSet) {
  for (int mark = 0; mark < 100; ++mark) add(5, mark);
  run_until(5);
  ASSERT_EQ(ran_.size(), 100u);
  for (int mark = 0; mark < 100; ++mark) EXPECT_EQ(ran_[static_cast<std::size_t>(mark)], mark);
}

TEST_F(TimerQueueTest, NothingIsDueBeforeItsDeadline) {
  add(10, 1);
  run_until(9);
  EXPECT_TRUE(ran_.empty());
  run_until(10);
  EXPECT_EQ(ran_, std::vector{1});
}

TEST_F(TimerQueueTest, TheEarliestDeadlineIsThatOfALiveTimer) {
  EXPECT_EQ(queue_.earliest(), std::nullopt);
  const TimerId first = add(10, 1);
  add(20, 2);
  EXPECT_EQ(queue_.earliest(), at(10));
  queue_.cancel(first);
  EXPECT_EQ(queue_.earliest(), at(20));
  run_until(20);
  EXPECT_EQ(queue_.earliest(), std::nullopt);
}

TEST_F(TimerQueueTest, ACancelledTimerDoesNotRun) {
  const TimerId doomed = add(10, 1);
  add(10, 2);
  queue_.cancel(doomed);
  EXPECT_EQ(queue_.size(), 1u);
  run_until(100);
  EXPECT_EQ(ran_, std::vector{2});
}

TEST_F(TimerQueueTest, CancellingNothingOrTwiceOrTooLateDoesNothing) {
  queue_.cancel(TimerId::none);
  const TimerId gone = add(1, 1);
  run_until(1);
  const TimerId next = add(2, 2);
  queue_.cancel(gone);
  queue_.cancel(TimerId::none);
  EXPECT_EQ(queue_.size(), 1u);
  queue_.cancel(next);
  queue_.cancel(next);
  EXPECT_EQ(queue_.size(), 0u);
}

TEST_F(TimerQueueTest, ANameIsNotGivenOutAgainWhenItsSlotIs) {
  const TimerId first = add(1, 1);
  queue_.cancel(first);
  const TimerId second = add(1, 2);
  EXPECT_NE(first, second);
  EXPECT_NE(second, TimerId::none);
  queue_.cancel(first);
  run_until(1);
  EXPECT_EQ(ran_, std::vector{2});
}

TEST_F(TimerQueueTest, ACallbackMayAddAndCancelOthers) {
  const TimerId doomed = add(10, 9);
  queue_.add(at(5), [&] {
    ran_.push_back(1);
    queue_.cancel(doomed);
    add(7, 2);
  });
  run_until(10);
  EXPECT_EQ(ran_, (std::vector{1, 2}));
}

TEST_F(TimerQueueTest, WhatACancelledCallbackHoldsIsFreedAtOnceAndMayCancelOthers) {
  const TimerId other = add(10, 1);
  auto cancels_other = std::shared_ptr<void>(nullptr, [&](void*) { queue_.cancel(other); });
  const TimerId timer = queue_.add(at(10), [held = std::move(cancels_other)] {});
  queue_.cancel(timer);
  EXPECT_EQ(queue_.size(), 0u);
}

TEST_F(TimerQueueTest, CancelledEntriesDoNotPileUp) {
  for (int i = 0; i < 10; ++i) add(1'000'000 + i, i);
  for (int i = 0; i < 10'000; ++i) {
    queue_.cancel(add(1'000 + i, i));
    ASSERT_LE(queue_.entries(), 2 * queue_.size() + 64);
  }
  EXPECT_EQ(queue_.size(), 10u);
}

TEST_F(TimerQueueTest, PoppingDoesNotLeaveCancelledEntriesInTheMajority) {
  std::vector<TimerId> late;
  for (int i = 0; i < 1'000; ++i) add(i, i);
  for (int i = 0; i < 1'000; ++i) late.push_back(add(1'000'000, i));
  for (const TimerId timer : late) queue_.cancel(timer);
  run_until(999);
  EXPECT_EQ(ran_.size(), 1'000u);
  EXPECT_LE(queue_.entries(), 64u);
}

TEST_F(TimerQueueTest, AgreesWithAnOrderedMapWhateverIsAddedCancelledAndRun) {
  std::mt19937_64 random(20240607);
  std::map<std::pair<std::int64_t, int>, TimerId> model;
  std::vector<int> expected;
  std::int64_t now = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto dice = random() % 10;
    if (dice < 5) {
      const auto deadline = now + static_cast<std::int64_t>(random() % 50);
      model[{deadline, step}] = add(deadline, step);
    } else if (dice < 8 && !model.empty()) {
      auto victim = model.begin();
      std::advance(victim, static_cast<std::ptrdiff_t>(random() % model.size()));
      queue_.cancel(victim->second);
      model.erase(victim);
    } else {
      now += static_cast<std::int64_t>(random() % 20);
      while (!model.empty() && model.begin()->first.first <= now) {
        expected.push_back(model.begin()->first.second);
        model.erase(model.begin());
      }
      run_until(now);
      ASSERT_EQ(ran_, expected);
    }
    ASSERT_EQ(queue_.size(), model.size());
  }
}

}  // namespace
}  // namespace payswitch::platform
