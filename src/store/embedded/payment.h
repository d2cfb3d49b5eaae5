#pragma once

#include <cstdint>
#include <vector>

#include "store/store.h"

namespace payswitch::store::embedded {

// A payment that is not settled: open, or parked. Most make one attempt, which needs no memory of
// its own.
struct Payment {
  payment::CorrelationId id;
  payment::Money amount;
  payment::UtcMs accepted_at;
  payment::UtcMs parked_at;
  payment::State state = payment::State::accepted;
  std::uint32_t our_fault_mask = 0;  // bit n: processor n said that the request is our fault
  std::uint64_t sequence = 0;        // of its acceptance in the journal: the order of arrival
  std::uint64_t home = 0;            // where all of it was told last: by its acceptance, or a copy
  AttemptView last;                  // number 0: no attempt yet
  std::vector<AttemptView> earlier;  // at most max_attempts_remembered - 1

  std::uint32_t attempts_made() const { return last.number; }
  bool is_unanswered() const { return last.number != 0 && !last.outcome; }

  // Null when that attempt was never made or is forgotten.
  const AttemptView* attempt(std::uint32_t number) const;

  // The attempt after the last one, or the first that is remembered; forgets the oldest beyond the
  // maximum.
  void begin_attempt(const Intent& intent);

  // How many records tell all of it again; 0: it is none.
  std::size_t records_to_tell() const;

  // The remembered ones in their order, the last one included.
  std::vector<AttemptView> attempts() const;
};

}  // namespace payswitch::store::embedded
