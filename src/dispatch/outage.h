#pragma once

#include <cstdint>
#include <functional>

#include "dispatch/platform.h"
#include "dispatch/upstreams.h"
#include "platform/clock.h"
#include "platform/loop.h"
#include "platform/repeats.h"

namespace payswitch::dispatch {

// An outage of all: every breaker is open. Dispatch rests then, save for probes, until one of them
// succeeds, or for Options::rest; after that all breakers half-open together. Loop thread only.
class Outage {
 public:
  // `rested` is called when the breakers have half-opened because the rest is over.
  Outage(platform::Duration rest, const Platform& platform, const Upstreams& upstreams,
         std::function<void()> rested);

  // A breaker may have changed: called after each time that an upstream has learnt something.
  void update();

  bool is_resting() const { return timer_ != platform::TimerId::none; }
  // When the last outage ended; the clock's zero when there was none.
  platform::Instant last_ended_at() const { return last_ended_at_; }
  // How many there were.
  std::uint64_t count() const { return count_; }

 private:
  bool is_every_breaker_open() const;
  void end_rest();

  platform::Duration rest_;
  Platform platform_;
  const Upstreams& upstreams_;
  std::function<void()> rested_;
  platform::TimerId timer_ = platform::TimerId::none;
  platform::Instant last_ended_at_{};
  std::uint64_t count_ = 0;
  platform::RepeatedLine began_{10};
};

}  // namespace payswitch::dispatch
