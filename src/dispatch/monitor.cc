// A part of the dispatcher: what is known of the processors, by ourselves and by the group.

#include <algorithm>
#include <utility>

#include "dispatch/dispatcher.h"

namespace payswitch::dispatch {

using routing::BreakerState;

namespace {

// How often it looks whether a poll is due: a poll needs an idle connection, which may have to be
// opened.
constexpr platform::Duration health_tick = std::chrono::milliseconds(200);

}  // namespace

void Dispatcher::update_rest() {
  const bool all_open =
      !upstreams_.empty() && std::ranges::all_of(upstreams_, [](const auto& upstream) {
        return upstream->breaker().state() == BreakerState::open;
      });
  if (all_open == is_resting()) return;
  world_.timers.cancel(std::exchange(rest_timer_, platform::TimerId::none));
  if (!all_open) {
    first_back_ = world_.clock.now();
    return;
  }
  ++counters_.rests;
  complaints_.all_breakers_open.say(world_.log, platform::Level::warn, world_.clock.now(),
                                    "every breaker is open: dispatch rests, save for probes");
  rest_timer_ = world_.timers.after(options_.rest, [this] {
    rest_timer_ = platform::TimerId::none;
    for (const auto& upstream : upstreams_) upstream->rested(world_.clock.now());
    pump_soon();
  });
}

void Dispatcher::connect_failed(Upstream& upstream, http::ConnectFailure failure) {
  upstream.connect_failed(failure, world_.clock.now());
  update_rest();
  auto steps = std::exchange(upstream.steps(), {});
  for (const Upstream::Step& step : steps) {
    Job* job = jobs_.find(step.job);
    if (job && AskFirst::is_asking(*job)) {
      ask_first_.later(*job);
    } else {
      resume(step.job, {.kind = Event::Kind::unable});
    }
  }
  pump_soon();
}

// -- health ---------------------------------------------------------------------------------------

void Dispatcher::poll_health(Upstream& upstream) {
  const platform::Instant now = world_.clock.now();
  upstream.say_what_was_folded(now);
  if (upstream.health().poll_due(now) && !stopping_) {
    if (const auto connection = upstream.client().take()) {
      upstream.health().polled(now);
      claim_poll(upstream, *connection);
    } else {
      upstream.want_connections(1, now);
    }
  }
  world_.timers.after(health_tick, [this, &upstream] { poll_health(upstream); });
}

void Dispatcher::claim_poll(Upstream& upstream, http::ConnectionId connection) {
  const platform::Duration every = upstream.health().poll_every();
  world_.peers.claim_poll(upstream.number(), every,
                          [this, &upstream, connection, every](platform::Duration wait) {
                            if (wait == platform::Duration(0)) return poll(upstream, connection);
                            upstream.health().polled(world_.clock.now() - every + wait);
                            upstream.client().give_back(connection);
                          });
}

void Dispatcher::poll(Upstream& upstream, http::ConnectionId connection) {
  ++upstream.counters().health_polls;
  upstream.channel().poll_health(connection, [this, &upstream](const auto& report) {
    if (report) {
      upstream.learn(*report, world_.clock.now());
      world_.peers.tell_health(upstream.number(), {.failing = report->failing,
                                                   .min_response_time = report->min_response_time});
    }
    update_rest();
    pump_soon();
  });
}

// -- the group ------------------------------------------------------------------------------------

void Dispatcher::listen_to_the_group() {
  world_.peers.listen({
      .report = [this] { return report(); },
      .health =
          [this](payment::ProcessorNumber number, const store::Peers::Health& health) {
            Upstream* upstream = upstream_of(number);
            if (!upstream) return;
            upstream->learn(
                {.failing = health.failing, .min_response_time = health.min_response_time},
                world_.clock.now() - health.age);
            update_rest();
            pump_soon();
          },
      .opened =
          [this](payment::ProcessorNumber number) {
            if (Upstream* upstream = upstream_of(number))
              upstream->heard_of_failures(world_.clock.now());
            update_rest();
          },
      .living =
          [this](std::uint32_t instances) {
            for (const auto& upstream : upstreams_) upstream->share_with(instances);
          },
      .issued =
          [this](payment::UtcMs time) {
            issuer_.heard_of(time);
            pump_soon();
          },
  });
}

store::Peers::Report Dispatcher::report() const {
  store::Peers::Report report{.next = issuer_.least_next()};
  for (const auto& upstream : upstreams_) {
    const std::uint32_t bit = 1u << upstream->number();
    if (upstream->breaker().state() == BreakerState::open) report.open_mask |= bit;
    if (upstream->health().takes_payments(world_.clock.now())) report.working_mask |= bit;
  }
  return report;
}

}  // namespace payswitch::dispatch
