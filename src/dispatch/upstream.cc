#include "dispatch/upstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <string>

namespace payswitch::dispatch {

using payment::Outcome;
using routing::BreakerState;
using routing::Standing;

namespace {

constexpr platform::Duration connect_pause_when_closed = std::chrono::milliseconds(50);

// A breaker that has not changed for so long has come to rest.
constexpr platform::Duration at_rest_after = std::chrono::seconds(10);

}  // namespace

Upstream::Upstream(const processor::Options& options, payment::ProcessorNumber number,
                   const Routing& routing, const processor::Dialect& dialect, http::Client& client,
                   platform::Timers& timers, const platform::Clock& clock, platform::Log& log)
    : options_(options),
      number_(number),
      client_(client),
      log_(log),
      probe_every_(routing.breaker.probe_every),
      breaker_(routing.breaker),
      limit_(routing.limit, std::max(1u, options.max_in_flight - options.max_in_flight / 10)),
      health_(routing.health),
      channel_(options_, dialect, client, timers, clock),
      share_(options.max_in_flight) {}

Standing Upstream::standing(platform::Instant now) const {
  const bool allows = breaker_.allows(now);
  if (!allows && breaker_.state() == BreakerState::open) return Standing::broken;
  if (may_be_away() && client_.counters().connections_idle == 0) return Standing::broken;
  return allows && in_flight() < limit() ? Standing::ready : Standing::full;
}

bool Upstream::may_be_away() const {
  return !reachable_ || breaker_.state() == BreakerState::open;
}

void Upstream::seek(platform::Instant now) {
  if (may_be_away() && breaker_.allows(now)) want_connections(1, now);
}

std::uint32_t Upstream::limit() const {
  return std::min(limit_.current(), std::max(1u, share_ - share_ / 10));
}

void Upstream::share_with(std::uint32_t instances) {
  share_ = std::max(1u, options_.max_in_flight / instances);
}

void Upstream::want_connections(std::size_t count, platform::Instant now) {
  if (now < connect_not_before_) return;
  // While it is open, one connection a probe is enough to find out.
  client_.want(breaker_.state() == BreakerState::open ? std::min<std::size_t>(count, 1) : count);
}

std::optional<platform::Instant> Upstream::connect_pause(platform::Instant now) const {
  if (now >= connect_not_before_) return std::nullopt;
  return connect_not_before_;
}

std::optional<Upstream::Reservation> Upstream::reserve(platform::Instant now) {
  const auto connection = client_.take();
  if (!connection) return std::nullopt;
  ++reserved_;
  return Reservation{.connection = *connection, .pass = breaker_.started(now)};
}

void Upstream::cancel(const Reservation& reservation) {
  assert(reserved_ > 0);
  --reserved_;
  breaker_.withdrawn(reservation.pass);
  client_.give_back(reservation.connection);
}

void Upstream::begin() {
  assert(reserved_ > 0);
  --reserved_;
}

void Upstream::learn(const processor::PostEvent& event, routing::Breaker::Pass pass,
                     platform::Instant now, const payment::CorrelationId* id) {
  const BreakerState before = breaker_.state();
  heard_at_ = now;
  if (event.kind == processor::PostEvent::Kind::late) {
    ++counters_.late;
    limit_.overloaded(now);
    breaker_.failed(pass, now, "no answer in time");
    return log_if_changed(before, now);
  }
  ++counters_.outcomes[static_cast<std::size_t>(event.outcome)];
  if (event.was_late) return;  // counted when it became late
  counters_.answer.record(event.took);
  switch (event.outcome) {
    case Outcome::taken:
    case Outcome::already_booked:
      health_.taken(now);
      limit_.succeeded(in_flight() + 1);
      breaker_.succeeded(pass, now, event.took);
      break;
    case Outcome::throttled:
      limit_.overloaded(now);
      breaker_.withdrawn(pass);
      break;
    case Outcome::our_fault:
    case Outcome::not_sent:
      breaker_.withdrawn(pass);
      break;
    case Outcome::misconfigured:
      refused_as_such_.say(
          log_, platform::Level::error, now,
          "processor {}: refuses our requests as such (401, 403, 404 or 405), payment {} among "
          "them: check its URL and key",
          options_.name, id ? id->to_string() : "(settled)");
      breaker_.withdrawn(pass);
      breaker_.trip(now, "wrong URL or key");
      break;
    case Outcome::refused:
      breaker_.failed(pass, now, "refused");
      break;
    case Outcome::unknown:
    case Outcome::released:
      breaker_.failed(pass, now, "broken answers");
      break;
  }
  log_if_changed(before, now);
}

void Upstream::learn(const processor::HealthReport& report, platform::Instant at) {
  const BreakerState before = breaker_.state();
  if (health_.reported(
          {.failing = report.failing, .min_response_time = report.min_response_time, .at = at}) &&
      before == BreakerState::closed) {
    breaker_.trip(at, "says that it is failing");
  }
  log_if_changed(before, at);
}

void Upstream::peer_breaker_opened(platform::Instant now) {
  if (breaker_.state() != BreakerState::closed || health_.takes_payments(now)) return;
  breaker_.trip(now, "another instance's breaker is open");
  log_if_changed(BreakerState::closed, now);
}

void Upstream::connect_failed(http::ConnectFailure failure, platform::Instant now) {
  const BreakerState before = breaker_.state();
  heard_at_ = now;
  reachable_ = false;
  if (failure == http::ConnectFailure::theirs) {
    breaker_.failed(breaker_.free_pass(), now, "no connection");
  }
  connect_not_before_ =
      now + (breaker_.state() == BreakerState::open ? probe_every_ : connect_pause_when_closed);
  log_if_changed(before, now);
}

void Upstream::rested(platform::Instant now) {
  const BreakerState before = breaker_.state();
  breaker_.rested(now);
  log_if_changed(before, now);
}

void Upstream::log_if_changed(BreakerState before, platform::Instant now) {
  if (breaker_.state() == before) return;
  if (const auto times = breaker_changes_.happened(now)) log_breaker(*times);
}

void Upstream::log_settled_breaker(platform::Instant now) {
  if (const auto times = breaker_changes_.rested(now, at_rest_after)) log_breaker(*times);
}

void Upstream::log_breaker(std::uint64_t times) {
  const std::string more =
      times > 1 ? fmt::format(", after {} changes that were not said", times - 1) : "";
  if (breaker_.state() == BreakerState::open) {
    log_.warn("processor {}: breaker open ({}){}", options_.name, breaker_.why(), more);
  } else {
    log_.info("processor {}: breaker {}{}", options_.name, to_string(breaker_.state()), more);
  }
}

}  // namespace payswitch::dispatch
