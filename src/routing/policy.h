#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "platform/clock.h"
#include "routing/options.h"

namespace payswitch::routing {

// How a processor looks to a payment that needs one.
enum class Standing : std::uint8_t {
  ready,     // takes it now
  tried,     // would take it now, but has refused this payment in this round
  full,      // works or seems to again, but has no free slot
  broken,    // its breaker does not let it through
  unasked,   // broken, but not asked since the first one came back after all had been broken
  excluded,  // said that this payment is our fault, and is not tried again
};

struct Choice {
  enum class Kind : std::uint8_t {
    send,  // to `index`
    hold,  // for a cheaper one, until `until` at most
    wait,  // no processor takes it; something must change first
  };
  Kind kind = Kind::wait;
  std::size_t index = 0;
  platform::Instant until{};
};

// The cheapest processor that is expected to answer within `patience`. `by_fee` is sorted, cheapest
// first. A dearer one gets the payment only when every cheaper one has been waited for: `patience`
// long when it is broken, at least `full_wait` when it works and is only full. So patience 0 falls
// back at once when the cheap one breaks, and a burst on a healthy processor does not spill to the
// dear one. One that has refused this very payment is tried again while there is patience left;
// after that the others come first.
//
// `first_back` is when the last outage of all ended. The backlog has waited long by then, but not
// for a slot: the time for a full one runs from that moment. And what one processor has recovered
// from the others often have, too: a cheaper one that was not asked since is waited for,
// `comeback_wait` at most.
Choice choose(std::span<const Standing> by_fee, platform::Instant waiting_since,
              platform::Instant now, const PolicyOptions& options,
              platform::Instant first_back = {});

}  // namespace payswitch::routing
