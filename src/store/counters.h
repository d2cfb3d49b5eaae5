#pragma once

#include <array>
#include <cstdint>

#include "metrics/histogram.h"
#include "payment/state.h"

namespace payswitch::store {

struct Counters {
  // Index: payment::State. How many payments are in that state now.
  std::array<std::uint64_t, payment::state_count> by_state{};
  std::uint64_t replays = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t findings = 0;

  std::uint64_t groups = 0;   // groups made durable
  std::uint64_t records = 0;  // records in them
  std::uint64_t bytes_written = 0;
  std::uint64_t segments = 0;  // segments that hold records
  std::uint64_t prepared_segments = 0;
  metrics::Histogram sync;  // from handing a group to the disk to its completion

  std::uint64_t open() const {
    using payment::State;
    return by_state[static_cast<int>(State::accepted)] +
           by_state[static_cast<int>(State::attempting)] +
           by_state[static_cast<int>(State::unknown)];
  }
};

}  // namespace payswitch::store
