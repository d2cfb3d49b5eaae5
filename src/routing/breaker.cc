#include "routing/breaker.h"

#include <cassert>

namespace payswitch::routing {

std::string_view to_string(BreakerState state) {
  switch (state) {
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      return "half-open";
  }
  return "";
}

bool Breaker::allows(platform::Instant now) const {
  switch (state_) {
    case BreakerState::closed:
      return true;
    case BreakerState::open:
      return now >= next_probe_ && in_flight_ < options_.max_probes;
    case BreakerState::half_open:
      return in_flight_ < options_.ramp_start + successes_;
  }
  return false;
}

Breaker::Pass Breaker::started(platform::Instant now) {
  ++in_flight_;
  if (state_ == BreakerState::open) next_probe_ = now + options_.probe_every;
  return {era_, true};
}

void Breaker::succeeded(Pass pass, platform::Instant now, platform::Duration took) {
  if (pass.era != era_) return;
  spend(pass);
  consecutive_failures_ = 0;
  ++successes_;
  if (state_ == BreakerState::open) return enter(BreakerState::half_open, now);
  if (state_ == BreakerState::half_open) {
    if (successes_ >= options_.close_after) enter(BreakerState::closed, now);
    return;
  }
  count(now, false, took >= options_.slow);
  const Bucket sums = totals(now);
  if (sums.answers >= options_.min_volume && sums.slow >= options_.slow_rate * sums.answers) {
    trip(now, "slow answers");
  }
}

void Breaker::failed(Pass pass, platform::Instant now, std::string_view why) {
  if (pass.era != era_) return;
  spend(pass);
  if (state_ == BreakerState::open) return;
  if (state_ == BreakerState::half_open) return trip(now, why);
  ++consecutive_failures_;
  count(now, true, false);
  const Bucket sums = totals(now);
  const bool rate =
      sums.answers >= options_.min_volume && sums.failures >= options_.failure_rate * sums.answers;
  if (rate || consecutive_failures_ >= options_.consecutive_failures) trip(now, why);
}

void Breaker::withdrawn(Pass pass) {
  if (pass.era == era_) spend(pass);
}

void Breaker::trip(platform::Instant now, std::string_view why) {
  why_ = why;
  if (state_ != BreakerState::open) enter(BreakerState::open, now);
}

void Breaker::rested(platform::Instant now) {
  if (state_ == BreakerState::open) enter(BreakerState::half_open, now);
}

std::optional<platform::Instant> Breaker::next_probe() const {
  if (state_ != BreakerState::open || in_flight_ >= options_.max_probes) return std::nullopt;
  return next_probe_;
}

void Breaker::enter(BreakerState state, platform::Instant now) {
  state_ = state;
  ++era_;
  in_flight_ = 0;
  successes_ = 0;
  consecutive_failures_ = 0;
  window_ = {};
  if (state == BreakerState::open) next_probe_ = now + options_.probe_every;
}

void Breaker::count(platform::Instant now, bool failure, bool slow) {
  const std::int64_t index = bucket_index(now);
  Bucket& bucket = window_[static_cast<std::size_t>(index) % bucket_count];
  if (bucket.index != index) bucket = {.index = index};
  ++bucket.answers;
  bucket.failures += failure;
  bucket.slow += slow;
}

Breaker::Bucket Breaker::totals(platform::Instant now) const {
  const std::int64_t index = bucket_index(now);
  Bucket sums;
  for (const Bucket& bucket : window_) {
    if (bucket.index < 0 || bucket.index <= index - static_cast<std::int64_t>(bucket_count))
      continue;
    sums.answers += bucket.answers;
    sums.failures += bucket.failures;
    sums.slow += bucket.slow;
  }
  return sums;
}

std::int64_t Breaker::bucket_index(platform::Instant now) const {
  return now.time_since_epoch() / (options_.window / static_cast<std::int64_t>(bucket_count));
}

void Breaker::spend(Pass pass) {
  if (!pass.counted) return;
  assert(in_flight_ > 0);
  --in_flight_;
}

}  // namespace payswitch::routing
