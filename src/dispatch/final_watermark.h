#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "payment/time.h"

namespace payswitch::dispatch {

// Up to which time a restart knows that sums were declared final (PROTOCOL 6): no attempt gets a
// requestedAt at or before it any more. It is kept a little ahead of what was declared, so that
// sums that are asked for all the time cost one small write a second at most. Pure.
class FinalWatermark {
 public:
  // After a restart within this time requestedAt runs ahead of the wall clock, by as much at most.
  static constexpr std::int64_t ahead_ms = 999;

  // `kept`: what was durable at start.
  explicit FinalWatermark(payment::UtcMs kept) : kept_(kept), requested_(kept) {}

  // A restart knows it: by what was kept, or by an intent that is later, and durable. `issued`: the
  // latest of these.
  bool covers(payment::UtcMs time, payment::UtcMs issued) const {
    return time <= kept_ || time < issued;
  }
  // What has to be kept for that; nullopt: it is being written already.
  std::optional<payment::UtcMs> extend_to(payment::UtcMs time) {
    if (time <= requested_) return std::nullopt;
    requested_ = {time.value + ahead_ms};
    return requested_;
  }
  // It is durable.
  void kept(payment::UtcMs time) { kept_ = std::max(kept_, time); }

 private:
  payment::UtcMs kept_;
  payment::UtcMs requested_;
};

}  // namespace payswitch::dispatch
