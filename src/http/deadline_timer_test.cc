#include "http/deadline_timer.h"

#include <gtest/gtest.h>

#include <optional>

#include "platform/manual_time.h"

namespace payswitch::http {
namespace {

using namespace std::chrono_literals;

struct DeadlineTimerTest : testing::Test {
  void watch(platform::Duration from_now) { timer->watch(time.now() + from_now, time.now()); }

  platform::ManualTime time;
  int calls = 0;
  std::optional<DeadlineTimer> timer{std::in_place, time, [this] { ++calls; }};
};

TEST_F(DeadlineTimerTest, ItCallsAtTheDeadlineAndOnce) {
  watch(10s);
  time.advance(10s - 1ns);
  EXPECT_EQ(calls, 0);
  time.advance(1ns);
  EXPECT_EQ(calls, 1);
  time.advance(1h);
  EXPECT_EQ(calls, 1);
}

TEST_F(DeadlineTimerTest, ADeadlineThatComesNearerCounts) {
  watch(10s);
  watch(5s);
  time.advance(5s);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(time.timers(), 0u);
}

TEST_F(DeadlineTimerTest, ADeadlineThatMovesAwayLeavesTheTimerAsItIs) {
  watch(10s);
  watch(20s);
  EXPECT_EQ(time.timers(), 1u);
  time.advance(10s);
  EXPECT_EQ(calls, 1) << "early: the callback looks at the deadline again";
}

TEST_F(DeadlineTimerTest, ItNeverCallsAfterItWasCancelledOrHasGone) {
  watch(10s);
  timer->cancel();
  time.advance(10s);
  watch(10s);
  timer.reset();
  time.advance(10s);
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace payswitch::http
