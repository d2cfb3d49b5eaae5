#pragma once

#include <cstdint>
#include <deque>

#include "dispatch/final_watermark.h"
#include "dispatch/issuer.h"
#include "payment/time.h"
#include "platform/clock.h"
#include "platform/lifetime.h"
#include "platform/log.h"
#include "store/peers.h"
#include "store/store.h"

namespace payswitch::dispatch {

// Issues the requestedAt of this instance's attempts, and makes times final: what was declared
// final stays so, whatever becomes of this process and its clock (PROTOCOL 2.5, 6). A thin loop:
// Issuer decides what is issued, FinalWatermark what has to be kept, the peers say what the other
// instances have confirmed. Loop thread only.
class RequestTimes {
 public:
  using Declared = store::Peers::Confirmed;

  // The store is open; all outlive it.
  RequestTimes(store::Store& store, store::Peers& peers, const platform::Clock& clock,
               platform::Log& log);

  // Of an attempt that begins now: its intent is not durable yet.
  payment::UtcMs issue();
  // The intent with this requestedAt is durable.
  void made_durable(payment::UtcMs issued) { durable_ = std::max(durable_, issued); }

  // Nothing is issued before it from now on.
  payment::UtcMs least_next() const { return issuer_.least_next(); }
  // What a peer may issue next: ours come no earlier.
  void heard_of(payment::UtcMs least_next_of_a_peer) { issuer_.heard_of(least_next_of_a_peer); }

  // A sum up to `time` is about to be shown: nothing is issued at or before it from now on. `done`
  // gets the time, at most `time`, up to which that holds for every instance, and after a restart;
  // nullopt: it is not known. It may run within the call.
  void declare_final(payment::UtcMs time, Declared done);

  // Intents that were made while the wall clock was far behind what had been issued.
  std::uint64_t clock_alarms() const { return clock_alarms_; }

 private:
  struct Declaration {
    payment::UtcMs time;
    Declared done;
  };

  void note_clock(bool is_behind);
  void kept(payment::UtcMs time);

  store::Store& store_;
  store::Peers& peers_;
  const platform::Clock& clock_;
  platform::Log& log_;
  Issuer issuer_;
  payment::UtcMs durable_;  // the latest requestedAt whose intent is durable
  FinalWatermark watermark_;
  std::deque<Declaration> waiting_;  // until the watermark that covers them is durable
  std::uint64_t clock_alarms_ = 0;
  bool clock_is_behind_ = false;
  platform::Lifetime lifetime_;
};

}  // namespace payswitch::dispatch
