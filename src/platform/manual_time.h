#pragma once

#include <utility>

#include "platform/loop.h"
#include "platform/timer_queue.h"

namespace payswitch::platform {

// For tests: time that moves only when the test says so.
class ManualTime final : public Clock, public Timers {
 public:
  Instant now() const override { return now_; }
  payment::UtcMs wall() const override { return {}; }

  TimerId after(Duration delay, Callback callback) override {
    return queue_.add(now_ + delay, std::move(callback));
  }
  void cancel(TimerId timer) override { queue_.cancel(timer); }

  void advance(Duration span) {
    now_ += span;
    while (auto due = queue_.pop_due(now_)) (*due)();
  }

  std::size_t timers() const { return queue_.size(); }

 private:
  Instant now_{std::chrono::hours{1}};
  TimerQueue queue_;
};

}  // namespace payswitch::platform
