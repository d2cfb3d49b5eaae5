#include "tools/load/open_loop.h"

#include <utility>

#include "tools/load/payment.h"

namespace payswitch::lab::load {

OpenLoop::OpenLoop(Outbox& outbox, platform::Timers& timers, const platform::Clock& clock,
                   platform::Random& random, const Pace& pace)
    : outbox_(outbox), timers_(timers), clock_(clock), random_(random), pace_(pace) {}

void OpenLoop::start(std::function<void()> over) {
  over_ = std::move(over);
  start_ = clock_.now();
  hand_in_what_is_due();
}

void OpenLoop::hand_in_what_is_due() {
  const platform::Instant now = clock_.now();
  while (handed_in_ < pace_.total() && start_ + pace_.due(handed_in_) <= now) {
    hand_in(start_ + pace_.due(handed_in_++));
  }
  if (handed_in_ < pace_.total()) wait_for_next();
}

void OpenLoop::wait_for_next() {
  const platform::Duration delay = start_ + pace_.due(handed_in_) - clock_.now();
  timers_.after(delay, [this] { hand_in_what_is_due(); });
}

void OpenLoop::hand_in(platform::Instant due) {
  lateness_.record(clock_.now() - due);
  outbox_.post(payment_body(new_id(random_), usual_amount()),
               [this, due](const Outbox::Result& result) {
                 tally_.add(result.outcome, result.over - due);
                 recent_.add(result.outcome, result.over - due);
                 if (tally_.count() == pace_.total()) over_();
               });
}

}  // namespace payswitch::lab::load
