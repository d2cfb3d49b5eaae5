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
  std::uint64_t segments = 0;  // of the journal, that hold records and are not sealed
  std::uint64_t prepared_segments = 0;
  std::uint64_t dropped_groups = 0;  // at start, behind a gap (durability `os`)
  std::uint64_t sealed_files = 0;
  std::uint64_t sealed_payments = 0;
  std::uint64_t copies = 0;    // payments told again, so that their segment could be sealed
  std::uint64_t look_ups = 0;  // questions that waited for the disk
  metrics::Histogram sync;     // from handing a group to the disk to its completion

  std::uint64_t open() const {
    using payment::State;
    return by_state[static_cast<int>(State::accepted)] +
           by_state[static_cast<int>(State::attempting)] +
           by_state[static_cast<int>(State::unknown)];
  }
};

}  // namespace payswitch::store
