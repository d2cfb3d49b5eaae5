#include "dispatch/resolution.h"

#include <algorithm>
#include <cassert>
#include <utility>

// How this works:
//
// Attempt is the machine (its states are drawn in attempt.h); the I/O is here. Everything that
// happens to an attempt becomes an Event, resume() gives it to the machine, act() does what the
// Action says:
//
//     begin() ──► POST ──answered, late, cut──► resume() ──► act() ─┬─ settle   ──► Events::settled
//                  ▲                               ▲                ├─ give_up  ──► Events::refused
//                  │                               │                ├─ wait     ──► the job's timer
//         the scheduler has a connection ◄─────────┼── ask, post ◄──┘
//                  └──► GET ──answered─────────────┘
//
// Invariants: at most one POST and one GET of an attempt are requested or under way (Attempt
// asserts it); a timer that comes while a GET is changes nothing. An answer that comes after the
// job has ended finds no job: the upstream learns from it, the payment does not.
//
// Example: the POST is cut. The outcome is unknown, the attempt waits for a back-off; wake() spends
// one token of the retry budget; the GET says 404; the POST is repeated with the same requestedAt;
// it is answered 422, and the next GET shows the entry that is settled.
namespace payswitch::dispatch {

using routing::BreakerState;

Resolution::Resolution(const Options& options, const Platform& platform, const Upstreams& upstreams,
                       Jobs& jobs, Scheduler& scheduler, Outage& outage, RetryBudget& budget,
                       Events events)
    : options_(options),
      platform_(platform),
      upstreams_(upstreams),
      jobs_(jobs),
      scheduler_(scheduler),
      outage_(outage),
      budget_(budget),
      events_(std::move(events)) {}

void Resolution::begin(Job& job) {
  const Upstream::Reservation reservation = *job.attempt->reservation;
  job.attempt->reservation.reset();
  [[maybe_unused]] const Action action =
      job.attempt->resume({.kind = Event::Kind::durable}, platform_.clock.now());
  assert(action.kind == Action::Kind::post);
  Upstream& upstream = upstreams_.of(job.processor);
  upstream.begin();
  post(job, upstream, reservation.connection, reservation.pass);
}

void Resolution::take_up(Job& job) {
  set_timer(job);
}

// -- exchanges ------------------------------------------------------------------------------------

void Resolution::connected(Job& job, Upstream& upstream, http::ConnectionId connection,
                           Scheduler::Exchange exchange) {
  if (exchange == Scheduler::Exchange::get) return ask(job, upstream, connection);
  ++upstream.counters().repeated;
  post(job, upstream, connection, upstream.breaker().free_pass());
}

void Resolution::post(Job& job, Upstream& upstream, http::ConnectionId connection,
                      routing::Breaker::Pass pass) {
  job.attempt->resume({.kind = Event::Kind::posted}, platform_.clock.now());
  upstream.channel().post(
      connection, job.id, job.amount, job.attempt->requested_at(),
      [this, &upstream, ref = jobs_.ref(job), pass](const processor::PostEvent& event) {
        post_ended(ref, upstream, pass, event);
      });
  if (!upstream.options().max_processing_time) return;
  // What was handed over in this turn is written at its end, and a process may be stopped before.
  platform_.loop.post([this, ref = jobs_.ref(job)] { note_written(ref); });
}

void Resolution::note_written(JobRef ref) {
  Job* const job = jobs_.find(ref);
  if (!job || !job->attempt) return;
  job->attempt->resume({.kind = Event::Kind::written}, platform_.clock.now());
}

void Resolution::post_ended(JobRef ref, Upstream& upstream, routing::Breaker::Pass pass,
                            const processor::PostEvent& event) {
  Job* const job = jobs_.find(ref);
  upstream.learn(event, pass, platform_.clock.now(), job ? &job->id : nullptr);
  const bool is_late = event.kind == processor::PostEvent::Kind::late;
  if (job) {
    resume(*job,
           {.kind = is_late ? Event::Kind::late : Event::Kind::answered, .outcome = event.outcome});
  }
  outage_.update();
  scheduler_.schedule_soon();
}

void Resolution::ask(Job& job, Upstream& upstream, http::ConnectionId connection) {
  ++upstream.counters().asked;
  job.attempt->resume({.kind = Event::Kind::asking}, platform_.clock.now());
  upstream.channel().ask(
      connection, job.id, [this, &upstream, ref = jobs_.ref(job)](const auto& entry) {
        if (Job* const asked = jobs_.find(ref)) {
          resume(*asked, {.kind = Event::Kind::asked,
                          .entry = entry,
                          .processor_works = upstream.breaker().state() != BreakerState::open});
        }
        scheduler_.schedule_soon();
      });
}

// -- the machine ----------------------------------------------------------------------------------

void Resolution::resume(Job& job, Event event) {
  event.backoff = backoff(options_, job.tries, platform_.random);
  act(job, job.attempt->resume(event, platform_.clock.now()));
}

void Resolution::act(Job& job, const Action& action) {
  if (action.alarm) note_contradiction(job, upstreams_.of(job.processor));
  if (job.attempt->is_unknown() && !job.attempt->in_unknown.is_linked()) {
    jobs_.mark_unknown(*job.attempt);
    events_.became_unknown(job);
  }
  switch (action.kind) {
    case Action::Kind::wait:
      return set_timer(job);
    case Action::Kind::post:
      return scheduler_.request(job, job.processor, Scheduler::Exchange::repeat);
    case Action::Kind::ask:
      return scheduler_.request(job, job.processor, Scheduler::Exchange::get);
    case Action::Kind::settle:
      return events_.settled(job, action.entry);
    case Action::Kind::give_up:
      return events_.refused(job, action.reason);
  }
}

void Resolution::note_contradiction(const Job& job, Upstream& upstream) {
  ++upstream.counters().contradictions;
  contradiction_.say(platform_.log, platform::Level::error, platform_.clock.now(),
                     "processor {}: said 422 for payment {}, and then did not have it in its books",
                     upstream.options().name, job.id.to_string());
}

void Resolution::set_timer(Job& job) {
  jobs_.cancel_timer(job);
  const auto wake_at = job.attempt->wake_at();
  if (!wake_at) return;
  const auto delay = std::max(platform::Duration(0), *wake_at - platform_.clock.now());
  jobs_.set_timer(job, delay, [this, ref = jobs_.ref(job)] { wake(jobs_.due(ref)); });
}

void Resolution::wake(Job& job) {
  if (is_stopping_) return;
  if (!budget_.spend(platform_.clock.now())) {
    return jobs_.set_timer(job, backoff(options_, job.tries, platform_.random),
                           [this, ref = jobs_.ref(job)] { wake(jobs_.due(ref)); });
  }
  ++job.tries;
  resume(job, {.kind = Event::Kind::tick});
}

}  // namespace payswitch::dispatch
