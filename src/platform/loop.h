#pragma once

#include <cstdint>
#include <functional>

#include "platform/clock.h"

namespace payswitch::platform {

using Callback = std::move_only_function<void()>;

// The one loop of the process. A callback may assume that nothing else of it runs at the same time.
class Loop {
 public:
  virtual ~Loop() = default;

  // Runs `callback` on the loop after what is ready now, in the order of the calls. Any thread.
  virtual void post(Callback callback) = 0;
};

// Names a timer that has not run yet. Zero names none.
enum class TimerId : std::uint64_t { none = 0 };

// Timers of the loop. Loop thread only.
class Timers {
 public:
  virtual ~Timers() = default;

  // Runs `callback` once, at `delay` from now or a little later (never earlier). Timers that are
  // due at the same instant run in the order in which they were set.
  virtual TimerId after(Duration delay, Callback callback) = 0;

  // The callback will not run. Nothing happens when it has run, or for TimerId::none.
  virtual void cancel(TimerId timer) = 0;
};

}  // namespace payswitch::platform
