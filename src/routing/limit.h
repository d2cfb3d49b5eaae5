#pragma once

#include <cstdint>

#include "platform/clock.h"
#include "routing/options.h"

namespace payswitch::routing {

// How many payments one processor is given at a time. As TCP finds a path's width: it doubles each
// round until the first sign of overload (a 429, a time-out), then falls by a factor and creeps up
// by one a round. It only grows while it is being used, so an idle hour does not leave it wide
// open.
class Limit {
 public:
  // Never above `max`; 1 <= max.
  Limit(const LimitOptions& options, std::uint32_t max);

  std::uint32_t current() const { return static_cast<std::uint32_t>(width_); }

  // A payment was answered while `in_flight` were (itself included).
  void succeeded(std::uint32_t in_flight);
  void overloaded(platform::Instant now);

 private:
  LimitOptions options_;
  double max_;
  double width_;
  double threshold_;  // below it the width doubles each round
  platform::Instant last_decrease_;
  bool decreased_ = false;
};

}  // namespace payswitch::routing
