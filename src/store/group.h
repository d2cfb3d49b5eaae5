#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "payment/processor_number.h"
#include "payment/time.h"
#include "world/clock.h"

namespace payswitch::store {

// What the instances that share a store tell each other about the processors (PROTOCOL 2.4, 7.7).
// Loop thread only; callbacks come from the loop, claim_poll()'s also within the call.
class Group {
 public:
  struct Health {
    bool failing = false;
    std::chrono::milliseconds min_response_time{0};
    world::Duration age{0};
  };

  // What we say of ourselves whenever the group is told that we live.
  struct Report {
    payment::UtcMs issued;           // the highest requestedAt that we issued or declared final
    std::uint32_t open_mask = 0;     // bit n: our breaker for processor n is open
    std::uint32_t working_mask = 0;  // bit n: processor n took a payment of ours a moment ago
  };

  struct Events {
    std::function<Report()> report;
    // A poll of another instance.
    std::function<void(payment::ProcessorNumber, const Health&)> health;
    // Another instance's breaker for it has just opened, and nobody's payments are taken.
    std::function<void(payment::ProcessorNumber)> opened;
    // How many instances live, ourselves included.
    std::function<void(std::uint32_t)> living;
    // Somebody issued, or declared final, times up to here.
    std::function<void(payment::UtcMs)> issued;
  };
  // Zero: poll now. Otherwise: not before this much later.
  using Claimed = std::move_only_function<void(world::Duration)>;

  virtual ~Group() = default;

  // Once, before anything else.
  virtual void listen(Events events) = 0;

  // Asks for the group's next health poll of a processor: one in `every`, whoever makes it.
  virtual void claim_poll(payment::ProcessorNumber processor, world::Duration every,
                          Claimed done) = 0;

  // What our poll has found.
  virtual void tell_health(payment::ProcessorNumber processor, const Health& health) = 0;
};

// Nobody shares the store.
class Alone final : public Group {
 public:
  void listen(Events) override {}
  void claim_poll(payment::ProcessorNumber, world::Duration, Claimed done) override {
    done(world::Duration(0));
  }
  void tell_health(payment::ProcessorNumber, const Health&) override {}
};

}  // namespace payswitch::store
