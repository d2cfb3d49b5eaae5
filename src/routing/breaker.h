#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "platform/clock.h"
#include "routing/options.h"

namespace payswitch::routing {

enum class BreakerState : std::uint8_t { closed, open, half_open };

std::string_view to_string(BreakerState state);

// A fuse between us and one processor. Closed, everything passes and answers are counted over a
// sliding window; too many failures or slow answers open it. Open, one real payment every
// `probe_every` finds out whether the processor is back; the first success half-opens it.
// Half-open, a few payments pass at a time, one more for each success, until enough have succeeded
// to close it; one failure opens it again. When the breakers of all processors are open, time
// half-opens them too, after a rest.
//
// What would fool it: a processor that fails one request in three stays closed (each failure is
// refused and retried); one that answers probes and nothing else flaps at the pace of the probes.
//
// Pure: the time is an argument. An answer is counted only in the state in which its request was
// let through, so stragglers from before an outage neither close nor reopen anything.
class Breaker {
 public:
  // Names the state in which a request was let through. Spent by exactly one of succeeded(),
  // failed() and withdrawn().
  struct Pass {
    std::uint32_t era = 0;
    bool counted = false;
  };

  explicit Breaker(const BreakerOptions& options) : options_(options) {}

  // Whether one more payment may start now.
  bool allows(platform::Instant now) const;

  // A payment that allows() let through has a connection and is on its way.
  Pass started(platform::Instant now);

  // For requests that pass whatever the state, under a back-off of their own (PROTOCOL 3.4): they
  // feed the breaker without taking a probe's place.
  Pass free_pass() const { return {era_, false}; }

  void succeeded(Pass pass, platform::Instant now, platform::Duration took);
  void failed(Pass pass, platform::Instant now, std::string_view why);
  // It ended in a way that says nothing of the processor.
  void withdrawn(Pass pass);

  // Opens at once, whatever was counted: the processor cannot be used as configured.
  void trip(platform::Instant now, std::string_view why);

  // The pause in which every breaker was open is over: when open, half-opens without waiting for a
  // probe.
  void rested(platform::Instant now);

  BreakerState state() const { return state_; }
  // Why it opened last; a literal. Empty when it never has.
  std::string_view why() const { return why_; }
  // When open: the next moment at which allows() may turn true by the time alone.
  std::optional<platform::Instant> next_probe() const;

 private:
  static constexpr std::size_t bucket_count = 10;
  struct Bucket {
    std::int64_t index = -1;
    std::uint32_t answers = 0;
    std::uint32_t failures = 0;
    std::uint32_t slow = 0;
  };

  void enter(BreakerState state, platform::Instant now);
  void count(platform::Instant now, bool failure, bool slow);
  Bucket totals(platform::Instant now) const;
  std::int64_t bucket_index(platform::Instant now) const;
  void spend(Pass pass);

  BreakerOptions options_;
  BreakerState state_ = BreakerState::closed;
  std::string_view why_;
  std::uint32_t era_ = 0;
  std::uint32_t in_flight_ = 0;  // let through in this era and not ended
  std::uint32_t successes_ = 0;  // in this era
  std::uint32_t consecutive_failures_ = 0;
  platform::Instant next_probe_{};
  std::array<Bucket, bucket_count> window_{};
};

}  // namespace payswitch::routing
