#pragma once

#include <algorithm>

#include "payment/time.h"

namespace payswitch::dispatch {

// Issues the requestedAt of new attempts: the wall clock, but never before one that was issued, and
// never within a time that was declared final (PROTOCOL 2.5, 6).
class Issuer {
 public:
  // A wall clock this far behind what was issued raises an alarm.
  static constexpr std::int64_t alarm_ms = 1'000;

  explicit Issuer(payment::UtcMs highest_issued) : highest_(highest_issued) {}

  payment::UtcMs issue(payment::UtcMs wall) {
    highest_ = std::max(wall, least_next());
    return highest_;
  }

  // A sum up to `time` was shown: it stays the same, once nothing in it is in flight.
  void declare_final(payment::UtcMs time) { final_ = std::max(final_, time); }

  // The least_next() of another instance: ours come no earlier.
  void heard_of(payment::UtcMs time) { highest_ = std::max(highest_, time); }

  // Nothing that is issued from now on is before it.
  payment::UtcMs least_next() const { return std::max(highest_, payment::UtcMs{final_.value + 1}); }

  bool is_far_ahead_of(payment::UtcMs wall) const { return highest_.value - wall.value > alarm_ms; }

 private:
  payment::UtcMs highest_;
  payment::UtcMs final_ = {0};
};

}  // namespace payswitch::dispatch
