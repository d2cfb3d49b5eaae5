#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>

#include "payment/correlation_id.h"
#include "payment/state.h"
#include "store/counters.h"

namespace payswitch::store::shared {

// The open payments at work in this process, and what it knows of their states. One that another
// instance took over while our lease had run out is foreign: whatever is at work on it here decides
// nothing any more, and only brings what a processor said. Pure.
class OwnedPayments {
 public:
  struct Held {
    payment::State state = payment::State::accepted;
    std::uint32_t attempts_made = 0;
    bool is_foreign = false;
    bool is_confirmed = true;  // since our name changed
  };

  explicit OwnedPayments(Counters& counters) : counters_(counters) {}

  // nullptr: not at work here.
  Held* find(const payment::CorrelationId& id);
  bool is_ours(const payment::CorrelationId& id) { return find(id) && !find(id)->is_foreign; }

  void add(const payment::CorrelationId& id, payment::State state, std::uint32_t attempts_made);
  void move(Held& held, payment::State to);
  // It is at work here no more. The state that it ended in is counted, save `accepted`: gone.
  void remove(const payment::CorrelationId& id, payment::State end);

  // Our name has changed: each has to be confirmed, or becomes foreign.
  void doubt_all();
  void disown_unconfirmed();

  // Of those that are ours.
  std::size_t size() const { return held_.size() - foreign_; }

 private:
  Counters& counters_;
  boost::unordered_flat_map<payment::CorrelationId, Held, std::hash<payment::CorrelationId>> held_;
  std::size_t foreign_ = 0;
};

}  // namespace payswitch::store::shared
