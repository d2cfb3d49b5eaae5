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

  std::uint64_t batches = 0;  // made durable
  std::uint64_t records = 0;  // records in them
  std::uint64_t bytes_written = 0;
  std::uint64_t segments = 0;  // of the journal, that hold records and are not archived
  std::uint64_t prepared_segments = 0;
  std::uint64_t dropped_batches = 0;  // at start, after a gap (durability `os`)
  std::uint64_t sealed_files = 0;
  std::uint64_t sealed_payments = 0;
  std::uint64_t carried_forward = 0;  // payments, so that their segment could be archived
  std::uint64_t page_reads = 0;       // questions that waited for the disk
  metrics::Histogram sync;            // from handing a batch to the disk to its completion

  std::uint64_t open() const {
    using payment::State;
    return by_state[static_cast<int>(State::accepted)] +
           by_state[static_cast<int>(State::attempting)] +
           by_state[static_cast<int>(State::unknown)];
  }
};

}  // namespace payswitch::store
