#pragma once

#include <cstdint>

#include "payment/outcome.h"
#include "payment/processor_number.h"
#include "platform/clock.h"

namespace payswitch::dispatch {

// Which processors have refused one payment. It goes round: a processor that refused it is tried
// last until all have refused it; then the next round begins. One that called it our fault is not
// tried again at all (PROTOCOL 2.6). Pure.
class Refusals {
 public:
  enum class Next : std::uint8_t {
    other_processor,  // one that has not refused it yet, now
    back_off,         // a pause, then whichever is chosen
  };

  Refusals() = default;
  explicit Refusals(std::uint32_t our_fault_mask) : our_fault_mask_(our_fault_mask) {}

  // Processor `by` has refused it. `configured_mask`: the processors that there are. While the
  // payment has patience it waits for the cheapest one instead of going on.
  Next add(payment::ProcessorNumber by, payment::Outcome reason, std::uint32_t configured_mask,
           platform::Instant now, bool has_patience) {
    if (reason == payment::Outcome::our_fault) {
      our_fault_mask_ |= bit(by);
      return Next::other_processor;
    }
    if (reason == payment::Outcome::throttled) return Next::back_off;  // it works, and is only full
    last_at_ = now;
    const bool is_repeated = has_refused(by);
    round_mask_ |= bit(by);
    const bool round_is_over = (configured_mask & ~(round_mask_ | our_fault_mask_)) == 0;
    if (round_is_over) round_mask_ = 0;
    return is_repeated || round_is_over || has_patience ? Next::back_off : Next::other_processor;
  }

  // What a processor refused in an outage of all, it may well take after it.
  void forget_before(platform::Instant outage_ended_at) {
    if (last_at_ < outage_ended_at) round_mask_ = 0;
  }

  // It has refused the payment in this round.
  bool has_refused(payment::ProcessorNumber processor) const {
    return (round_mask_ & bit(processor)) != 0;
  }
  // Bit n: processor n said that the payment is our fault.
  std::uint32_t our_fault_mask() const { return our_fault_mask_; }

 private:
  static constexpr std::uint32_t bit(payment::ProcessorNumber processor) { return 1u << processor; }

  platform::Instant last_at_{};  // the last refusal of this round
  std::uint32_t our_fault_mask_ = 0;
  std::uint32_t round_mask_ = 0;
};

}  // namespace payswitch::dispatch
