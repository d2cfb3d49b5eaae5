#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>

#include "platform/clock.h"
#include "platform/loop.h"
#include "platform/timer_queue.h"

namespace payswitch::lab {

// Time and order of a virtual world: the clock stands still while something runs, and jumps to the
// next timer when nothing is left to do. Everything that happens in a test happens in here, so a
// seed decides all of it. One thread.
class World final : public platform::Clock, public platform::Loop, public platform::Timers {
 public:
  // 2025-06-15T00:00:00Z.
  static constexpr payment::UtcMs default_wall{1'749'945'600'000};

  // A callback that posts itself for ever is a bug of the test, not a reason to hang.
  static constexpr std::uint64_t max_steps_without_time = 100'000'000;

  explicit World(payment::UtcMs wall = default_wall) : wall_at_zero_(wall) {}

  platform::Instant now() const override { return now_; }
  payment::UtcMs wall() const override;

  void post(platform::Callback callback) override { posted_.push_back(std::move(callback)); }
  platform::TimerId after(platform::Duration delay, platform::Callback callback) override;
  void cancel(platform::TimerId timer) override { timers_.cancel(timer); }

  // The wall clock jumps, either way; monotonic time does not notice.
  void set_wall(payment::UtcMs wall);

  // Runs one callback: the oldest posted one, else the next timer (time jumps to it). False when
  // there is neither.
  bool step();

  // Runs everything up to and including that moment; then it is now.
  void run_until(platform::Instant moment);
  void run_for(platform::Duration span) { run_until(now_ + span); }

  // Runs until nothing is left, or until `at_most` has gone by (periodic timers never end). True
  // when nothing is left.
  bool run_until_idle(platform::Duration at_most = std::chrono::hours(1));

  // Runs until `holds`, asked after each callback, or until `at_most` has gone by. True when it
  // holds.
  bool run_until(const std::function<bool()>& holds,
                 platform::Duration at_most = std::chrono::hours(1));

 private:
  // One callback that is due at `latest` or before; false when there is none.
  bool step_until(platform::Instant latest);
  void advance(platform::Instant moment);

  platform::Instant now_{};
  payment::UtcMs wall_at_zero_;
  std::deque<platform::Callback> posted_;
  platform::TimerQueue timers_;
  std::uint64_t steps_without_time_ = 0;
};

}  // namespace payswitch::lab
