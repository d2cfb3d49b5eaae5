#pragma once

#include <cstdint>

#include "world/clock.h"

namespace payswitch::dispatch {

struct Options {
  std::uint64_t max_open_payments = 2'000'000;

  // The pause when every breaker is open: only probes are sent until it is over, or until one
  // succeeds.
  world::Duration rest = std::chrono::seconds(5);

  // Retries and resolution: full jitter over min(cap, base * 2^tries) (PROTOCOL 3.4).
  world::Duration backoff_base = std::chrono::milliseconds(50);
  world::Duration backoff_cap = std::chrono::seconds(5);

  // The retry budget limits a rate; it never parks or drops. Tokens come with time and with first
  // attempts.
  double budget_per_second = 500;
  double budget_per_attempt = 0.2;
  double budget_max = 2'000;
};

}  // namespace payswitch::dispatch
