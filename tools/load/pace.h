#pragma once

#include <cstdint>

#include "platform/clock.h"

namespace payswitch::lab::load {

// When the requests of an open loop are due: evenly spaced, whatever becomes of the ones before.
// Pure.
class Pace {
 public:
  static constexpr std::uint64_t max_per_second = 1'000'000;
  static constexpr platform::Duration max_span = std::chrono::hours(24);

  // At least one request a second, for more than no time, within the maxima; a bug otherwise.
  Pace(std::uint64_t per_second, platform::Duration span);

  // How many are due before the span is over. Their numbers begin with 0.
  std::uint64_t total() const { return total_; }

  // From the start; the first is due at once.
  platform::Duration due(std::uint64_t number) const;

 private:
  std::uint64_t per_second_;
  std::uint64_t total_;
};

}  // namespace payswitch::lab::load
