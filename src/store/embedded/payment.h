#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "store/store.h"

namespace payswitch::store::embedded {

// A payment that is not settled: open, or parked. A backlog holds millions of them, so what few of
// them need lies beside: `more`.
struct Payment {
  // How many records it takes to carry it forward: with all attempts that are remembered, and with
  // the last one alone. 0: it is none.
  struct Records {
    std::size_t all = 0;
    std::size_t last_attempt = 0;
  };

  struct More {
    payment::UtcMs parked_at;
    std::vector<AttemptView> earlier;  // at most max_attempts_remembered - 1
  };

  payment::CorrelationId id;
  payment::Money amount;
  payment::UtcMs accepted_at;
  std::uint64_t sequence = 0;        // of its acceptance in the journal: the order of arrival
  std::uint64_t home = 0;            // the place from which on all of it is in the journal
  payment::UtcMs last_requested_at;  // of its last attempt
  std::uint32_t last_number = 0;     // 0: no attempt yet
  std::uint32_t our_fault_mask = 0;  // bit n: processor n said that the request is our fault
  payment::ProcessorNumber last_processor = payment::no_processor;
  std::optional<payment::Outcome> last_outcome;
  payment::State state = payment::State::accepted;
  std::unique_ptr<More> more;  // null: never parked, and at most one attempt

  std::uint32_t attempts_made() const { return last_number; }
  bool is_unanswered() const { return last_number != 0 && !last_outcome; }

  // Number 0: no attempt yet.
  AttemptView last() const {
    return {.number = last_number,
            .processor = last_processor,
            .requested_at = last_requested_at,
            .outcome = last_outcome};
  }

  // None when that attempt was never made or is forgotten.
  std::optional<AttemptView> attempt(std::uint32_t number) const;

  // The attempt after the last one, or the first that is remembered; forgets the oldest beyond the
  // maximum.
  void begin_attempt(const Intent& intent);

  // Zero: it was never parked.
  payment::UtcMs parked_at() const { return more ? more->parked_at : payment::UtcMs{}; }
  void set_parked_at(payment::UtcMs at);

  Records records() const;

  // What is known of the last attempt is enough to go on: all before it were refused.
  void forget_earlier_attempts();

  // The remembered ones in their order, the last one included.
  std::vector<AttemptView> attempts() const;
};

}  // namespace payswitch::store::embedded
