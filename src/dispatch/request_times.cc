#include "dispatch/request_times.h"

#include <algorithm>
#include <utility>

namespace payswitch::dispatch {

RequestTimes::RequestTimes(store::Store& store, store::Peers& peers, const platform::Clock& clock,
                           platform::Log& log)
    : store_(store),
      peers_(peers),
      clock_(clock),
      log_(log),
      issuer_(store.highest_requested_at()),
      durable_(store.highest_requested_at()),
      watermark_(store.facts().told) {
  issuer_.declare_final(store.facts().told);
}

payment::UtcMs RequestTimes::issue() {
  const payment::UtcMs wall = clock_.wall();
  note_clock(issuer_.is_far_ahead_of(wall));
  return issuer_.issue(wall);
}

void RequestTimes::note_clock(bool is_behind) {
  clock_alarms_ += is_behind;
  if (std::exchange(clock_is_behind_, is_behind) == is_behind) return;
  if (is_behind) {
    log_.error("the wall clock is far behind times that were already issued: was it set back?");
  } else {
    log_.info("the wall clock has caught up");
  }
}

void RequestTimes::declare_final(payment::UtcMs time, Declared done) {
  issuer_.declare_final(time);
  if (peers_.keeps_what_is_told() || watermark_.covers(time, durable_)) {
    return peers_.confirm(time, std::move(done));
  }
  waiting_.push_back({time, std::move(done)});
  const auto extended = watermark_.extend_to(time);
  if (!extended) return;
  store_.keep_told(*extended, lifetime_.guard([this, until = *extended] { kept(until); }));
}

void RequestTimes::kept(payment::UtcMs time) {
  watermark_.kept(time);
  auto waiting = std::exchange(waiting_, {});
  for (Declaration& each : waiting) {
    if (each.time <= time) {
      peers_.confirm(each.time, std::move(each.done));
    } else {
      waiting_.push_back(std::move(each));
    }
  }
}

}  // namespace payswitch::dispatch
