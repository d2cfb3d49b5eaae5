#include "dispatch/outage.h"

#include <algorithm>
#include <utility>

namespace payswitch::dispatch {

using routing::BreakerState;

Outage::Outage(platform::Duration rest, const Platform& platform, const Upstreams& upstreams,
               std::function<void()> rested)
    : rest_(rest), platform_(platform), upstreams_(upstreams), rested_(std::move(rested)) {}

bool Outage::is_every_breaker_open() const {
  return !upstreams_.empty() && std::ranges::all_of(upstreams_, [](const auto& upstream) {
    return upstream->breaker().state() == BreakerState::open;
  });
}

void Outage::update() {
  const bool is_outage = is_every_breaker_open();
  if (is_outage == is_resting()) return;
  if (!is_outage) {
    platform_.timers.cancel(std::exchange(timer_, platform::TimerId::none));
    last_ended_at_ = platform_.clock.now();
    return;
  }
  ++count_;
  began_.say(platform_.log, platform::Level::warn, platform_.clock.now(),
             "every breaker is open: dispatch rests, save for probes");
  timer_ = platform_.timers.after(rest_, [this] { end_rest(); });
}

void Outage::end_rest() {
  timer_ = platform::TimerId::none;
  for (const auto& upstream : upstreams_) upstream->rested(platform_.clock.now());
  rested_();
}

}  // namespace payswitch::dispatch
