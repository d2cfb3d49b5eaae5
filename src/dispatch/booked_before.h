#pragma once

#include <cstdint>

#include "payment/time.h"

namespace payswitch::dispatch {

// Notices that a processor has a payment in its books by a request that is not ours: one that our
// store would know of, had it not been restored or cut (PROTOCOL 3.5). Of one processor.
class BookedBefore {
 public:
  // A payment that was accepted in this life, and is settled by its first attempt: whether the
  // processor had it before that attempt's requestedAt. An entry of the same time is our own.
  static constexpr bool is_so(payment::UtcMs ours, payment::UtcMs theirs) { return theirs < ours; }

  // Counts one; true: it should be said again. The first is, then each that makes a power of ten.
  bool count() {
    if (++count_ < next_said_) return false;
    next_said_ *= 10;
    return true;
  }
  std::uint64_t total() const { return count_; }

 private:
  std::uint64_t count_ = 0;
  std::uint64_t next_said_ = 1;
};

}  // namespace payswitch::dispatch
