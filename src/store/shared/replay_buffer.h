#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <variant>

#include "platform/clock.h"
#include "store/shared/operation.h"
#include "store/store.h"

namespace payswitch::store::shared {

// What waits for the answer to an operation; empty when nothing does.
using Completion = std::variant<std::monostate, Store::AcceptDone, Store::IntendDone, Store::Done>;

// What this instance did to payments, in order: what Redis has not answered yet, because it must be
// said again when the connection was cut (PROTOCOL 7.3), and what it has answered lately, because
// Redis may forget it (7.5). Pure.
class ReplayBuffer {
 public:
  // Answered operations beyond this many are forgotten although they are young.
  static constexpr std::size_t max_answered = 1'000'000;

  struct Entry {
    Operation operation;
    Completion done;
    std::string owner;  // of the payment, where it is known to be another instance's
    platform::Instant since;
    bool is_answered = false;
    bool is_timed = false;  // its caller will hear in time that there is no answer
    bool was_kept = false;  // an accept that Redis has answered: it must exist
  };
  using Number = std::uint64_t;

  explicit ReplayBuffer(platform::Duration memory) : memory_(memory) {}

  Number add(const Operation& operation, Completion done, platform::Instant now);

  // nullptr: forgotten.
  Entry* find(Number number);

  // Redis has answered; or the operation has not run, and never will.
  void answered(Number number, platform::Instant now);

  // In order; `all`: also what was answered lately.
  void for_each(bool all, const std::function<void(Number, Entry&)>& visit);

  std::size_t waiting() const { return waiting_; }
  std::size_t size() const { return entries_.size(); }

 private:
  void forget_old(platform::Instant now);

  platform::Duration memory_;
  std::deque<Entry> entries_;
  Number first_ = 1;  // of entries_.front()
  std::size_t waiting_ = 0;
};

}  // namespace payswitch::store::shared
