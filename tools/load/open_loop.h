#pragma once

#include <functional>

#include "platform/random.h"
#include "tools/load/outbox.h"
#include "tools/load/pace.h"
#include "tools/load/tally.h"

namespace payswitch::lab::load {

// Hands in a payment whenever one is due, whatever became of those before. A payment's latency
// counts from the moment at which it was due, so a server that stands still makes all that should
// have been sent in that time as late as they really are. Loop thread only; lives until its end.
class OpenLoop {
 public:
  OpenLoop(Outbox& outbox, platform::Timers& timers, const platform::Clock& clock,
           platform::Random& random, const Pace& pace);
  OpenLoop(const OpenLoop&) = delete;
  OpenLoop& operator=(const OpenLoop&) = delete;

  // `over` is called when every payment was handed in and is over.
  void start(std::function<void()> over);

  std::uint64_t handed_in() const { return handed_in_; }
  const Tally& tally() const { return tally_; }
  // How late payments were handed in: the delay that this program itself has added to each.
  const metrics::FineHistogram& lateness() const { return lateness_; }
  // What became of those that ended since the last call.
  Tally take_recent() { return std::exchange(recent_, {}); }

 private:
  void hand_in_what_is_due();
  void hand_in(platform::Instant due);
  void wait_for_next();

  Outbox& outbox_;
  platform::Timers& timers_;
  const platform::Clock& clock_;
  platform::Random& random_;
  const Pace pace_;
  std::function<void()> over_;
  platform::Instant start_;
  std::uint64_t handed_in_ = 0;
  Tally tally_;
  Tally recent_;
  metrics::FineHistogram lateness_;
};

}  // namespace payswitch::lab::load
