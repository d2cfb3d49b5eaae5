// A part of the dispatcher: what is known of the processors, by ourselves and by the group.

#include <algorithm>
#include <utility>

#include "dispatch/dispatcher.h"

namespace payswitch::dispatch {

using routing::BreakerState;

namespace {

// How often it looks whether a poll is due: a poll needs an idle connection, which may have to be
// opened.
constexpr world::Duration health_tick = std::chrono::milliseconds(200);

}  // namespace

void Dispatcher::update_rest() {
  const bool all_open = !lanes_.empty() && std::ranges::all_of(lanes_, [](const auto& lane) {
    return lane->breaker().state() == BreakerState::open;
  });
  if (all_open == is_resting()) return;
  world_.timers.cancel(std::exchange(rest_timer_, world::TimerId::none));
  if (!all_open) {
    first_back_ = world_.clock.now();
    return;
  }
  ++counters_.rests;
  complaints_.all_breakers_open.say(world_.log, world::Level::warn, world_.clock.now(),
                                    "every breaker is open: dispatch rests, save for probes");
  rest_timer_ = world_.timers.after(options_.rest, [this] {
    rest_timer_ = world::TimerId::none;
    for (const auto& lane : lanes_) lane->rested(world_.clock.now());
    pump_soon();
  });
}

void Dispatcher::connect_failed(Lane& lane, http::ConnectFailure failure) {
  lane.connect_failed(failure, world_.clock.now());
  update_rest();
  auto steps = std::exchange(lane.steps(), {});
  for (const Lane::Step& step : steps) {
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

void Dispatcher::poll_health(Lane& lane) {
  const world::Instant now = world_.clock.now();
  lane.say_what_was_folded(now);
  if (lane.health().poll_due(now) && !stopping_) {
    if (const auto connection = lane.client().take()) {
      lane.health().polled(now);
      claim_poll(lane, *connection);
    } else {
      lane.want_connections(1, now);
    }
  }
  world_.timers.after(health_tick, [this, &lane] { poll_health(lane); });
}

void Dispatcher::claim_poll(Lane& lane, http::ConnectionId connection) {
  const world::Duration every = lane.health().poll_every();
  world_.group.claim_poll(lane.number(), every,
                          [this, &lane, connection, every](world::Duration wait) {
                            if (wait == world::Duration(0)) return poll(lane, connection);
                            lane.health().polled(world_.clock.now() - every + wait);
                            lane.client().give_back(connection);
                          });
}

void Dispatcher::poll(Lane& lane, http::ConnectionId connection) {
  ++lane.counters().health_polls;
  lane.channel().poll_health(connection, [this, &lane](const auto& report) {
    if (report) {
      lane.learn(*report, world_.clock.now());
      world_.group.tell_health(lane.number(), {.failing = report->failing,
                                               .min_response_time = report->min_response_time});
    }
    update_rest();
    pump_soon();
  });
}

// -- the group ------------------------------------------------------------------------------------

void Dispatcher::listen_to_the_group() {
  world_.group.listen({
      .report = [this] { return report(); },
      .health =
          [this](payment::ProcessorNumber number, const store::Group::Health& health) {
            Lane* lane = lane_of(number);
            if (!lane) return;
            lane->learn({.failing = health.failing, .min_response_time = health.min_response_time},
                        world_.clock.now() - health.age);
            update_rest();
            pump_soon();
          },
      .opened =
          [this](payment::ProcessorNumber number) {
            if (Lane* lane = lane_of(number)) lane->heard_of_failures(world_.clock.now());
            update_rest();
          },
      .living =
          [this](std::uint32_t instances) {
            for (const auto& lane : lanes_) lane->share_with(instances);
          },
      .issued =
          [this](payment::UtcMs time) {
            issuer_.heard_of(time);
            pump_soon();
          },
  });
}

store::Group::Report Dispatcher::report() const {
  store::Group::Report report{.next = issuer_.least_next()};
  for (const auto& lane : lanes_) {
    const std::uint32_t bit = 1u << lane->number();
    if (lane->breaker().state() == BreakerState::open) report.open_mask |= bit;
    if (lane->health().takes_payments(world_.clock.now())) report.working_mask |= bit;
  }
  return report;
}

}  // namespace payswitch::dispatch
