#pragma once

#include <algorithm>
#include <cstdint>

#include "dispatch/options.h"
#include "platform/clock.h"
#include "platform/random.h"

namespace payswitch::dispatch {

// Full jitter: uniform in [0, min(cap, base * 2^tries)), so that payments that failed together do
// not come back together (PROTOCOL 3.4).
inline platform::Duration backoff(const Options& options, std::uint32_t tries,
                                  platform::Random& random) {
  const double base = static_cast<double>(options.backoff_base.count());
  const double ceiling = std::min(static_cast<double>(options.backoff_cap.count()),
                                  base * static_cast<double>(1ull << std::min(tries, 30u)));
  return platform::Duration(static_cast<platform::Duration::rep>(ceiling * random.uniform()));
}

// Limits the rate of repeats so that an outage is not answered with a storm. Tokens come with time
// and with first attempts; without one a repeat waits. It never parks or drops.
class RetryBudget {
 public:
  RetryBudget(const Options& options, platform::Instant now)
      : options_(options), tokens_(options.budget_max), filled_at_(now) {}

  void first_attempt() {
    tokens_ = std::min(options_.budget_max, tokens_ + options_.budget_per_attempt);
  }

  bool spend(platform::Instant now) {
    const double elapsed = std::chrono::duration<double>(now - filled_at_).count();
    filled_at_ = now;
    tokens_ = std::min(options_.budget_max, tokens_ + elapsed * options_.budget_per_second);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  Options options_;
  double tokens_;
  platform::Instant filled_at_;
};

}  // namespace payswitch::dispatch
