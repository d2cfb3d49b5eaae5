#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "payment/processor_number.h"
#include "payment/time.h"
#include "platform/clock.h"

namespace payswitch::store {

// What the instances that share a store tell each other about the processors (PROTOCOL 2.4, 7.7).
// Loop thread only; callbacks come from the loop, claim_poll()'s also within the call.
class Peers {
 public:
  struct Health {
    bool failing = false;
    std::chrono::milliseconds min_response_time{0};
    platform::Duration age{0};
  };

  // What we say of ourselves whenever the group is told that we live.
  struct Report {
    payment::UtcMs next;          // every requestedAt that we issue from now on is at or after it
    std::uint32_t open_mask = 0;  // bit n: our breaker for processor n is open
    std::uint32_t working_mask = 0;  // bit n: processor n took a payment of ours a moment ago
  };

  struct Events {
    std::function<Report()> report;
    // A poll of another instance.
    std::function<void(payment::ProcessorNumber, const Health&)> health;
    // Another instance's breaker for it has just opened, and it takes no instance's payments.
    std::function<void(payment::ProcessorNumber)> opened;
    // How many instances live, ourselves included.
    std::function<void(std::uint32_t)> living;
    // After each beat: every requestedAt that we issue from now on has to be at or after this.
    std::function<void(payment::UtcMs)> issued;
  };
  // Zero: poll now. Otherwise: not before this much later.
  using Claimed = std::move_only_function<void(platform::Duration)>;
  // Up to where no instance will issue a requestedAt any more; nullopt: not known.
  using Confirmed = std::move_only_function<void(std::optional<payment::UtcMs>)>;

  virtual ~Peers() = default;

  // Once, before anything else.
  virtual void listen(Events events) = 0;

  // Asks for the group's next health poll of a processor: one in `every`, by any instance.
  virtual void claim_poll(payment::ProcessorNumber processor, platform::Duration every,
                          Claimed done) = 0;

  // Whether a requestedAt may be issued now. Not once our lease may have run out: the others do not
  // count on us any more, and tell sums without us (PROTOCOL 6). The next beat, after which it may
  // be so again, ends with Events::issued.
  virtual bool may_issue() const = 0;

  // Sums up to `told` are about to be told, and our report says so. `done` hears up to where, at
  // most `told`, all who may issue have confirmed that they will not. Perhaps within the call.
  virtual void confirm(payment::UtcMs told, Confirmed done) = 0;
  // What is confirmed survives our restart: Store::keep_told() is not needed.
  virtual bool keeps_what_is_told() const = 0;

  // What our poll has found.
  virtual void tell_health(payment::ProcessorNumber processor, const Health& health) = 0;
};

// No other instance shares the store.
class SingleInstance final : public Peers {
 public:
  void listen(Events) override {}
  void claim_poll(payment::ProcessorNumber, platform::Duration, Claimed done) override {
    done(platform::Duration(0));
  }
  bool may_issue() const override { return true; }
  void confirm(payment::UtcMs told, Confirmed done) override { done(told); }
  bool keeps_what_is_told() const override { return false; }
  void tell_health(payment::ProcessorNumber, const Health&) override {}
};

}  // namespace payswitch::store
