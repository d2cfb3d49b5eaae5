#pragma once

#include <cstdint>

#include "platform/clock.h"
#include "store/options.h"
#include "store/store.h"

namespace payswitch::dispatch {

// Whether the store is a copy that was restored: before that, requests may have been sent that it
// knows nothing of (PROTOCOL 3.5).
enum class Restored : std::uint8_t {
  no,
  ending,  // it was: what is open at start is asked for at every processor, what is new no more
  yes,     // what is new is asked for as well, before its first POST
};

// Of a store that was opened with what the operator said.
constexpr Restored restored_mode(store::Restored said, const store::Facts& kept) {
  if (kept.restored) return Restored::yes;
  return said == store::Restored::done ? Restored::ending : Restored::no;
}

struct Options {
  Restored restored = Restored::no;

  std::uint64_t max_open_payments = 2'000'000;

  // The pause when every breaker is open: only probes are sent until it is over, or until one
  // succeeds.
  platform::Duration rest = std::chrono::seconds(5);

  // Retries and resolution: full jitter over min(cap, base * 2^tries) (PROTOCOL 3.4).
  platform::Duration backoff_base = std::chrono::milliseconds(50);
  platform::Duration backoff_cap = std::chrono::seconds(5);

  // The retry budget limits a rate; it never parks or drops. Tokens come with time and with first
  // attempts.
  double budget_per_second = 500;
  double budget_per_attempt = 0.2;
  double budget_max = 2'000;
};

}  // namespace payswitch::dispatch
