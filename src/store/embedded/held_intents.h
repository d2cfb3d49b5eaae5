#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "store/store.h"

namespace payswitch::store::embedded {

// Intents that wait until there is room on a full disk, in the order of the calls. Each payment has
// one at most.
class HeldIntents {
 public:
  struct Held {
    payment::CorrelationId id;
    Intent intent;
    Store::IntendDone done;
  };

  void add(Held held) { held_.push_back(std::move(held)); }
  bool empty() const { return held_.empty(); }
  void clear() { held_.clear(); }

  // There is one.
  Held take_first() {
    Held first = std::move(held_.front());
    held_.pop_front();
    return first;
  }

  std::optional<Held> take(const payment::CorrelationId& id) {
    const auto found = std::ranges::find(held_, id, &Held::id);
    if (found == held_.end()) return std::nullopt;
    std::optional<Held> held = std::move(*found);
    held_.erase(found);
    return held;
  }

 private:
  std::deque<Held> held_;
};

}  // namespace payswitch::store::embedded
