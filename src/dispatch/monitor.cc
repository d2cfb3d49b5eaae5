#include "dispatch/monitor.h"

#include <chrono>

namespace payswitch::dispatch {

using routing::BreakerState;

namespace {

// How often it looks whether a poll is due: a poll needs an idle connection, which may have to be
// opened.
constexpr platform::Duration look_every = std::chrono::milliseconds(200);

}  // namespace

Monitor::Monitor(const Platform& platform, store::Peers& peers, const Upstreams& upstreams,
                 RequestTimes& times, Outage& outage, Scheduler& scheduler)
    : platform_(platform),
      peers_(peers),
      upstreams_(upstreams),
      times_(times),
      outage_(outage),
      scheduler_(scheduler) {}

void Monitor::listen() {
  for (const auto& upstream : upstreams_) listen_to(*upstream);
  listen_to_peers();
}

void Monitor::start_polling() {
  for (const auto& upstream : upstreams_) poll_when_due(*upstream);
}

void Monitor::processors_changed() {
  outage_.update();
  scheduler_.schedule_soon();
}

// -- connections ----------------------------------------------------------------------------------

void Monitor::listen_to(Upstream& upstream) {
  upstream.client().listen({
      .idle =
          [this, &upstream] {
            upstream.connected();
            scheduler_.schedule_soon();
          },
      .connect_failed =
          [this, &upstream](http::ConnectFailure failure) { connect_failed(upstream, failure); },
  });
}

void Monitor::connect_failed(Upstream& upstream, http::ConnectFailure failure) {
  upstream.connect_failed(failure, platform_.clock.now());
  outage_.update();
  scheduler_.connect_failed(upstream);
}

// -- polls ----------------------------------------------------------------------------------------

void Monitor::poll_when_due(Upstream& upstream) {
  const platform::Instant now = platform_.clock.now();
  upstream.log_settled_breaker(now);
  if (upstream.health().poll_due(now) && !is_stopping_) {
    if (const auto connection = upstream.client().take()) {
      upstream.health().polled(now);
      claim_poll(upstream, *connection);
    } else {
      upstream.want_connections(1, now);
    }
  }
  platform_.timers.after(look_every, [this, &upstream] { poll_when_due(upstream); });
}

void Monitor::claim_poll(Upstream& upstream, http::ConnectionId connection) {
  const platform::Duration every = upstream.health().poll_every();
  peers_.claim_poll(upstream.number(), every,
                    [this, &upstream, connection, every](platform::Duration wait) {
                      if (wait == platform::Duration(0)) return poll(upstream, connection);
                      upstream.health().polled(platform_.clock.now() - every + wait);
                      upstream.client().give_back(connection);
                    });
}

void Monitor::poll(Upstream& upstream, http::ConnectionId connection) {
  ++upstream.counters().health_polls;
  upstream.channel().poll_health(connection, [this, &upstream](const auto& report) {
    if (report) {
      upstream.learn(*report, platform_.clock.now());
      peers_.tell_health(upstream.number(), {.failing = report->failing,
                                             .min_response_time = report->min_response_time});
    }
    processors_changed();
  });
}

// -- peers ----------------------------------------------------------------------------------------

void Monitor::listen_to_peers() {
  peers_.listen({
      .report = [this] { return report(); },
      .health = [this](auto number, const auto& health) { peer_polled(number, health); },
      .opened = [this](auto number) { peer_breaker_opened(number); },
      .living =
          [this](std::uint32_t instances) {
            for (const auto& upstream : upstreams_) upstream->share_with(instances);
          },
      .issued =
          [this](payment::UtcMs time) {
            times_.heard_of(time);
            scheduler_.schedule_soon();
          },
  });
}

store::Peers::Report Monitor::report() const {
  store::Peers::Report report{.next = times_.least_next()};
  for (const auto& upstream : upstreams_) {
    const std::uint32_t bit = 1u << upstream->number();
    if (upstream->breaker().state() == BreakerState::open) report.open_mask |= bit;
    if (upstream->health().takes_payments(platform_.clock.now())) report.working_mask |= bit;
  }
  return report;
}

void Monitor::peer_polled(payment::ProcessorNumber number, const store::Peers::Health& health) {
  Upstream* const upstream = upstreams_.find(number);
  if (!upstream) return;
  upstream->learn({.failing = health.failing, .min_response_time = health.min_response_time},
                  platform_.clock.now() - health.age);
  processors_changed();
}

void Monitor::peer_breaker_opened(payment::ProcessorNumber number) {
  if (Upstream* const upstream = upstreams_.find(number))
    upstream->peer_breaker_opened(platform_.clock.now());
  outage_.update();
}

}  // namespace payswitch::dispatch
