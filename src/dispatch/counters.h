#pragma once

#include <array>
#include <cstdint>

#include "dispatch/booked_before.h"
#include "metrics/histogram.h"
#include "payment/outcome.h"

namespace payswitch::dispatch {

inline constexpr std::size_t outcome_count =
    static_cast<std::size_t>(payment::Outcome::released) + 1;

// Of one processor.
struct UpstreamCounters {
  std::array<std::uint64_t, outcome_count> outcomes{};  // answers to POSTs; index: payment::Outcome
  std::uint64_t late = 0;                               // POSTs that passed attempt_timeout
  std::uint64_t asked = 0;                              // GETs
  std::uint64_t repeated = 0;                           // POSTs sent again to resolve an unknown
  std::uint64_t health_polls = 0;
  std::uint64_t found_first = 0;  // payments that it had by requests that the store does not know
  BookedBefore booked_before;     // payments that were new to us, and that it had
  std::uint64_t contradictions = 0;  // a 422, and then not in its books
  metrics::Histogram answer;         // from the start of the write to the answer, if there was one
};

struct Counters {
  metrics::Histogram settlement;  // from accepted to settled
  __int128 fees_paid_ppm = 0;     // cents times parts per million
  __int128 fees_saved_ppm = 0;    // against the dearest configured processor
};

}  // namespace payswitch::dispatch
