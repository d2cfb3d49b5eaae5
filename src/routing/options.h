#pragma once

#include <chrono>
#include <cstdint>

#include "platform/clock.h"

namespace payswitch::routing {

using std::chrono::milliseconds;
using std::chrono::seconds;

// When a breaker opens and how it comes back.
struct BreakerOptions {
  platform::Duration window = seconds(10);
  std::uint32_t min_volume = 20;                       // answers in the window before rates count
  double failure_rate = 0.5;                           // opens at or above it
  double slow_rate = 0.8;                              // opens at or above it
  platform::Duration slow = milliseconds(3'000);       // an answer that takes longer is slow
  std::uint32_t consecutive_failures = 5;              // opens whatever the volume
  platform::Duration probe_every = milliseconds(500);  // while open (PROTOCOL 3.4)
  std::uint32_t max_probes = 3;                        // in flight while open
  std::uint32_t ramp_start = 4;    // in flight when half-open; doubles with each full round
  std::uint32_t close_after = 20;  // successes while half-open
};

// Adaptive concurrency (AIMD with a slow start).
struct LimitOptions {
  std::uint32_t start = 64;
  std::uint32_t min = 4;
  double decrease = 0.7;                                  // the factor after a 429 or a time-out
  platform::Duration decrease_every = milliseconds(500);  // at most one decrease in that time
};

struct PolicyOptions {
  // How long a payment may wait for a cheaper processor before a dearer one gets it.
  platform::Duration patience{0};
  // The least that it waits for a cheaper one that works and is only full.
  platform::Duration full_wait = milliseconds(250);
  // After an outage of all: how long a cheaper one that was not asked since is waited for. Two
  // probes' worth.
  platform::Duration comeback_wait = seconds(1);
};

struct HealthOptions {
  platform::Duration poll_every = milliseconds(5'200);  // PROTOCOL 7.7
  platform::Duration live_evidence = seconds(1);  // a payment taken so recently outweighs a report
};

}  // namespace payswitch::routing
