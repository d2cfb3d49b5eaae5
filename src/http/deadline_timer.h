#pragma once

#include <utility>

#include "platform/loop.h"

namespace payswitch::http {

// One timer for a deadline that moves. It is set anew only when the deadline comes nearer, so a
// deadline that moves away, as with each request of a steady stream, costs nothing. Therefore the
// callback may come early: it looks at the deadline, and watches it again.
class DeadlineTimer {
 public:
  DeadlineTimer(platform::Timers& timers, platform::Callback callback)
      : timers_(timers), callback_(std::move(callback)) {}
  ~DeadlineTimer() { cancel(); }
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;

  // The callback comes at `at` or earlier.
  void watch(platform::Instant at, platform::Instant now) {
    if (timer_ != platform::TimerId::none) {
      if (at_ <= at) return;
      timers_.cancel(timer_);
    }
    at_ = at;
    timer_ = timers_.after(at - now, [this] {
      timer_ = platform::TimerId::none;
      callback_();
    });
  }

  void cancel() {
    if (timer_ == platform::TimerId::none) return;  // the timers may have gone
    timers_.cancel(std::exchange(timer_, platform::TimerId::none));
  }

 private:
  platform::Timers& timers_;
  platform::Callback callback_;
  platform::TimerId timer_ = platform::TimerId::none;
  platform::Instant at_;
};

}  // namespace payswitch::http
