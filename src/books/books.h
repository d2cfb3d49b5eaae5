#pragma once

#include <array>
#include <cstdint>

#include "books/timeline.h"
#include "payment/money.h"
#include "payment/processor_number.h"
#include "payment/time.h"

namespace payswitch::books {

// A closed window of time: both ends inclusive.
struct Window {
  payment::UtcMs from = payment::UtcMs::min();
  payment::UtcMs to = payment::UtcMs::max();
};

// What was settled where: totals by processor and by the requestedAt that the processor's own books
// are filtered by (PROTOCOL 6). Pure; the one that owns it decides which thread calls. `processor`
// is below payment::max_processors; a bug otherwise.
class Books {
 public:
  void add(payment::ProcessorNumber processor, payment::UtcMs requested_at, payment::Money amount);

  // Both ends inclusive; a window whose end is before its beginning is empty. Cost grows with the
  // logarithm of the time spanned, not with the payments in it.
  payment::Total sum(payment::ProcessorNumber processor, const Window& window) const;

 private:
  std::array<Timeline, payment::max_processors> timelines_;
};

}  // namespace payswitch::books
