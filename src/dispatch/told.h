#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "payment/time.h"
#include "store/peers.h"
#include "store/store.h"

namespace payswitch::dispatch {

// Up to where it has to be kept that sums were told (PROTOCOL 6). It is kept a little ahead, so
// that sums that are asked for all the time cost one small write a second at most. Pure.
class Horizon {
 public:
  // After a restart within this time requestedAt runs ahead of the wall clock, by as much at most.
  static constexpr std::int64_t ahead_ms = 999;

  explicit Horizon(payment::UtcMs kept) : kept_(kept), coming_(kept) {}

  // A restart knows: by what was kept, or by an intent that is later, and durable.
  bool covers(payment::UtcMs time, payment::UtcMs issued) const {
    return time <= kept_ || time < issued;
  }
  // What has to be kept for that; nullopt: it is on its way.
  std::optional<payment::UtcMs> extend_to(payment::UtcMs time) {
    if (time <= coming_) return std::nullopt;
    coming_ = {time.value + ahead_ms};
    return coming_;
  }
  void is_kept(payment::UtcMs time) { kept_ = std::max(kept_, time); }

 private:
  payment::UtcMs kept_;
  payment::UtcMs coming_;
};

// Sees to it that what is told as final stays so, whatever becomes of this process and its clock. A
// thin loop: Horizon decides what is kept, the group what the others have heard. Loop thread only.
class Told {
 public:
  using Declared = store::Peers::Confirmed;

  Told(store::Store& store, store::Peers& peers)
      : store_(store), peers_(peers), horizon_(store.facts().told) {}

  // Sums up to `time` are about to be told, and nothing will be issued here at or before it.
  // `issued`: the latest requestedAt that is durable. `done` hears up to where (at most `time`)
  // nobody will issue anything any more, also after a restart; nullopt: that is not known.
  void declare(payment::UtcMs time, payment::UtcMs issued, Declared done);

 private:
  struct Waiting {
    payment::UtcMs time;
    Declared done;
  };

  void kept(payment::UtcMs time);

  store::Store& store_;
  store::Peers& peers_;
  Horizon horizon_;
  std::deque<Waiting> waiting_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace payswitch::dispatch
