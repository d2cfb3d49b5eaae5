#include "dispatch/told.h"

#include <utility>

namespace payswitch::dispatch {

void Told::declare(payment::UtcMs time, payment::UtcMs issued, Declared done) {
  if (peers_.keeps_what_is_told() || horizon_.covers(time, issued)) {
    return peers_.confirm(time, std::move(done));
  }
  waiting_.push_back({time, std::move(done)});
  const auto horizon = horizon_.extend_to(time);
  if (!horizon) return;
  store_.keep_told(*horizon, [this, horizon = *horizon, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) kept(horizon);
  });
}

void Told::kept(payment::UtcMs time) {
  horizon_.is_kept(time);
  auto waiting = std::exchange(waiting_, {});
  for (Waiting& each : waiting) {
    if (each.time <= time) {
      peers_.confirm(each.time, std::move(each.done));
    } else {
      waiting_.push_back(std::move(each));
    }
  }
}

}  // namespace payswitch::dispatch
