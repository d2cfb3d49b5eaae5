#pragma once

#include <chrono>

#include "payment/time.h"

namespace payswitch::platform {

using Duration = std::chrono::nanoseconds;

// Monotonic time: to measure spans and to set deadlines with. Its zero means nothing.
struct Monotonic {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Monotonic>;
  static constexpr bool is_steady = true;
};
using Instant = Monotonic::time_point;

// The machine's clocks. Any thread may call. Only the app makes the real one.
class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes back.
  virtual Instant now() const = 0;

  // May jump either way: to show and to stamp, never to measure a span.
  virtual payment::UtcMs wall() const = 0;
};

}  // namespace payswitch::platform
