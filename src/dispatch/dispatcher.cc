#include "dispatch/dispatcher.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace payswitch::dispatch {

using payment::Outcome;
using routing::BreakerState;
using routing::Choice;

Dispatcher::Dispatcher(const Options& options, const routing::PolicyOptions& policy, World world,
                       std::vector<std::unique_ptr<Upstream>> upstreams, Ended ended)
    : options_(options),
      policy_(policy),
      world_(world),
      upstreams_(std::move(upstreams)),
      ended_(std::move(ended)),
      ask_first_({options_, upstreams_, jobs_, world_.timers, world_.random},
                 answers_to_first_questions()),
      issuer_(world.store.highest_requested_at()),
      issued_durably_(world.store.highest_requested_at()),
      told_(world.store, world.peers),
      budget_(options, world.clock.now()) {
  issuer_.declare_final(world.store.facts().told);
  std::ranges::sort(upstreams_, {}, [](const std::unique_ptr<Upstream>& upstream) {
    return std::pair(upstream->options().fee_ppm, upstream->number());
  });
  for (const auto& upstream : upstreams_) {
    upstream->client().listen({
        .idle =
            [this, &upstream = *upstream] {
              upstream.connected();
              pump_soon();
            },
        .connect_failed = [this, &upstream = *upstream](
                              http::ConnectFailure failure) { connect_failed(upstream, failure); },
    });
  }
}

void Dispatcher::start() {
  listen_to_the_group();
  world_.store.start([this](const std::vector<store::OpenPayment>& open) { adopt(open); });
  for (const auto& upstream : upstreams_) poll_health(*upstream);
}

void Dispatcher::accept(const payment::CorrelationId& id, payment::Money amount,
                        store::Store::AcceptDone done) {
  Job& job = jobs_.add();
  job.id = id;
  job.amount = amount;
  job.is_new = true;
  job.accepted_at = world_.clock.wall();
  job.waiting_since = world_.clock.now();
  store::Acceptance acceptance{
      .id = id,
      .amount = amount,
      .accepted_at = job.accepted_at,
      .intent = {},
      .admit_new = !stopping_ && world_.store.counters().open() < options_.max_open_payments,
  };
  const bool may_be_sent_at_once = options_.restored != Restored::yes && waiting_.empty();
  if (acceptance.admit_new && may_be_sent_at_once) acceptance.intent = plan(job);
  world_.store.accept(acceptance, [this, ref = jobs_.ref(job), done = std::move(done)](
                                      store::Verdict said) mutable { verdict(ref, said, done); });
}

void Dispatcher::declare_final(payment::UtcMs time, Told::Declared done) {
  issuer_.declare_final(time);
  told_.declare(time, issued_durably_, std::move(done));
}

std::optional<store::Intent> Dispatcher::plan(Job& job) {
  if (!world_.peers.may_issue()) return std::nullopt;
  const platform::Instant now = world_.clock.now();
  const Choice choice = choose(job, now);
  if (choice.kind != Choice::Kind::send) return std::nullopt;
  Upstream& upstream = *upstreams_[choice.index];
  const auto reservation = upstream.reserve(now);
  if (!reservation) return std::nullopt;
  reserve_and_plan(job, upstream, *reservation);
  return store::Intent{.processor = upstream.number(),
                       .number = job.attempts_made,
                       .requested_at = job.attempt->requested_at()};
}

void Dispatcher::verdict(JobRef ref, store::Verdict said, store::Store::AcceptDone& done) {
  Job& job = *jobs_.find(ref);
  done(said);
  if (said != store::Verdict::accepted) {
    if (job.attempt) upstream_of(job.processor)->cancel(*job.attempt->reservation);
    jobs_.remove(job);
    return pump_soon();
  }
  jobs_.mark_open(job);
  budget_.first_attempt();
  if (job.attempt) return intent_durable(ref);
  if (options_.restored == Restored::yes) return ask_first_.start(job, ask_first_.everywhere());
  enqueue(job);
}

void Dispatcher::enqueue(Job& job) {
  if (park_if_nobody_is_left(job)) return;
  waiting_.push(jobs_.ref(job), job.our_fault_mask);
  pump_soon();
}

bool Dispatcher::park_if_nobody_is_left(Job& job) {
  const bool somebody =
      std::ranges::any_of(upstreams_, [&](const std::unique_ptr<Upstream>& upstream) {
        return !upstream->is_in(job.our_fault_mask);
      });
  if (somebody || upstreams_.empty()) return false;
  complaints_.parked.say(world_.log, platform::Level::error, world_.clock.now(),
                         "payment {}: every processor says that the request is our fault: parked",
                         job.id.to_string());
  world_.store.park(job.id, world_.clock.wall(), [this, id = job.id] { ended_(id); });
  jobs_.remove(job);
  return true;
}

void Dispatcher::reserve_and_plan(Job& job, Upstream& upstream,
                                  const Upstream::Reservation& reservation) {
  const payment::UtcMs wall = world_.clock.wall();
  raise_clock_alarm(issuer_.is_far_ahead_of(wall));
  job.processor = upstream.number();
  ++job.attempts_made;
  jobs_.begin_attempt(
      job, Attempt(job.amount, issuer_.issue(wall), upstream.options().max_processing_time));
  job.attempt->reservation = reservation;
}

void Dispatcher::raise_clock_alarm(bool is_behind) {
  counters_.clock_alarms += is_behind;
  if (std::exchange(clock_is_behind_, is_behind) == is_behind) return;
  if (is_behind) {
    world_.log.error(
        "the wall clock is far behind times that were already issued: was it set back?");
  } else {
    world_.log.info("the wall clock has caught up");
  }
}

// It is another instance's now, which will see it through.
void Dispatcher::lost(JobRef ref) {
  Job& job = *jobs_.find(ref);
  upstream_of(job.processor)->cancel(*job.attempt->reservation);
  jobs_.remove(job);
  pump_soon();
}

void Dispatcher::intent_durable(JobRef ref) {
  Job& job = *jobs_.find(ref);
  const Upstream::Reservation reservation = *job.attempt->reservation;
  job.attempt->reservation.reset();
  issued_durably_ = std::max(issued_durably_, job.attempt->requested_at());
  [[maybe_unused]] const Action action =
      job.attempt->resume({.kind = Event::Kind::durable}, world_.clock.now());
  assert(action.kind == Action::Kind::post);
  upstream_of(job.processor)->begin();
  post(job, reservation.connection, reservation.pass);
}

void Dispatcher::post(Job& job, http::ConnectionId connection, routing::Breaker::Pass pass) {
  Upstream& upstream = *upstream_of(job.processor);
  job.attempt->resume({.kind = Event::Kind::posted}, world_.clock.now());
  upstream.channel().post(
      connection, job.id, job.amount, job.attempt->requested_at(),
      [this, &upstream, ref = jobs_.ref(job), pass](const processor::PostEvent& event) {
        const Job* const asked = jobs_.find(ref);
        upstream.learn(event, pass, world_.clock.now(), asked ? &asked->id : nullptr);
        const bool late = event.kind == processor::PostEvent::Kind::late;
        resume(ref, {.kind = late ? Event::Kind::late : Event::Kind::answered,
                     .outcome = event.outcome});
        update_rest();
        pump_soon();
      });
  if (!upstream.options().max_processing_time) return;
  // What was handed over in this turn is written at its end, and a process may be stopped before.
  world_.loop.post([this, ref = jobs_.ref(job)] {
    Job* written = jobs_.find(ref);
    if (!written || !written->attempt) return;
    written->attempt->resume({.kind = Event::Kind::written}, world_.clock.now());
  });
}

void Dispatcher::ask(Job& job, http::ConnectionId connection) {
  Upstream& upstream = *upstream_of(job.processor);
  ++upstream.counters().asked;
  job.attempt->resume({.kind = Event::Kind::asking}, world_.clock.now());
  upstream.channel().ask(
      connection, job.id, [this, &upstream, ref = jobs_.ref(job)](const auto& entry) {
        resume(ref, {.kind = Event::Kind::asked,
                     .entry = entry,
                     .processor_works = upstream.breaker().state() != BreakerState::open});
        pump_soon();
      });
}

void Dispatcher::resume(JobRef ref, Event event) {
  Job* job = jobs_.find(ref);
  if (!job) return;  // settled meanwhile; this answer changes nothing
  event.backoff = backoff(options_, job->tries, world_.random);
  obey(*job, job->attempt->resume(event, world_.clock.now()));
}

void Dispatcher::obey(Job& job, const Action& action) {
  Upstream& upstream = *upstream_of(job.processor);
  if (action.alarm) {
    ++upstream.counters().contradictions;
    complaints_.contradiction.say(
        world_.log, platform::Level::error, world_.clock.now(),
        "processor {}: said 422 for payment {}, and then did not have it in its books",
        upstream.options().name, job.id.to_string());
  }
  if (job.attempt->is_unknown() && !job.attempt->in_unknown.is_linked()) {
    jobs_.mark_unknown(*job.attempt);
    world_.store.note_unknown(job.id);
  }
  switch (action.kind) {
    case Action::Kind::wait:
      return arm(job);
    case Action::Kind::post:
    case Action::Kind::ask:
      upstream.steps().push_back({jobs_.ref(job), action.kind == Action::Kind::post});
      return pump_soon();
    case Action::Kind::settle:
      return settle(job, action.entry);
    case Action::Kind::give_up:
      return give_up(job, action.reason);
  }
}

void Dispatcher::arm(Job& job) {
  world_.timers.cancel(job.timer);
  job.timer = platform::TimerId::none;
  const auto wake_at = job.attempt->wake_at();
  if (!wake_at) return;
  const auto delay = std::max(platform::Duration(0), *wake_at - world_.clock.now());
  job.timer = world_.timers.after(delay, [this, ref = jobs_.ref(job)] { tick(ref); });
}

void Dispatcher::tick(JobRef ref) {
  Job& job = *jobs_.find(ref);
  job.timer = platform::TimerId::none;
  if (stopping_) return;
  if (!budget_.spend(world_.clock.now())) {
    job.timer = world_.timers.after(backoff(options_, job.tries, world_.random),
                                    [this, ref] { tick(ref); });
    return;
  }
  ++job.tries;
  resume(ref, {.kind = Event::Kind::tick});
}

void Dispatcher::settle(Job& job, const processor::BookEntry& entry) {
  Upstream& upstream = *upstream_of(job.processor);
  const store::Settlement settlement{
      .processor = job.processor,
      .number = job.attempts_made,
      .requested_at = entry.requested_at,
      .amount = entry.amount,
      .settled_at = world_.clock.wall(),
      .finding = entry.amount != job.amount ||
                 (job.attempt && entry.requested_at != job.attempt->requested_at()),
  };
  if (settlement.finding) {
    complaints_.finding.say(
        world_.log, platform::Level::error, world_.clock.now(),
        "finding: processor {} booked payment {} as {} at {}, not as {} at {}",
        upstream.options().name, job.id.to_string(), entry.amount.to_string(),
        payment::format_iso8601(entry.requested_at), job.amount.to_string(),
        job.attempt ? payment::format_iso8601(job.attempt->requested_at()) : "an unknown time");
  }
  note_if_booked_before(job, upstream, entry);
  account(job, upstream, settlement);
  world_.store.settle(job.id, settlement, [this, id = job.id] { ended_(id); });
  world_.timers.cancel(job.timer);
  jobs_.remove(job);
}

void Dispatcher::note_if_booked_before(const Job& job, Upstream& upstream,
                                       const processor::BookEntry& entry) {
  const bool by_first_attempt = job.is_new && job.attempt && job.attempts_made == 1;
  if (!by_first_attempt || options_.restored == Restored::yes ||
      !BookedBefore::is_so(job.attempt->requested_at(), entry.requested_at)) {
    return;
  }
  BookedBefore& booked = upstream.counters().booked_before;
  if (!booked.count()) return;
  world_.log.error(
      "processor {} already has payment {} as of {}, which is new to us ({} such payments): were "
      "these books restored, or cut? Others may be charged twice: see --restored in the runbook",
      upstream.options().name, job.id.to_string(), payment::format_iso8601(entry.requested_at),
      booked.total());
}

void Dispatcher::account(const Job& job, const Upstream& upstream,
                         const store::Settlement& settlement) {
  counters_.settlement.record(std::chrono::milliseconds(
      std::max<std::int64_t>(0, settlement.settled_at.value - job.accepted_at.value)));
  const __int128 cents = settlement.amount.cents();
  counters_.fees_paid_ppm += cents * upstream.options().fee_ppm;
  counters_.fees_saved_ppm +=
      cents * (upstreams_.back()->options().fee_ppm - upstream.options().fee_ppm);
}

void Dispatcher::give_up(Job& job, Outcome reason) {
  world_.store.refuse(job.id,
                      {.processor = job.processor, .number = job.attempts_made, .reason = reason});
  const bool others_come_next = note_refusal(job, reason);
  forget_attempt(job);
  others_come_next ? retry_at_once(job) : retry_later(job);
}

void Dispatcher::forget_attempt(Job& job) {
  world_.timers.cancel(job.timer);
  job.timer = platform::TimerId::none;
  jobs_.end_attempt(job);
  job.processor = payment::no_processor;
}

// Whether the payment should go on to another processor now, instead of backing off.
bool Dispatcher::note_refusal(Job& job, Outcome reason) {
  ++job.tries;
  if (reason == Outcome::our_fault) {
    job.our_fault_mask |= 1u << job.processor;
    return true;
  }
  if (reason == Outcome::throttled) return false;  // it works, and is only full
  forget_old_refusals(job);
  job.tried_at = world_.clock.now();
  const std::uint32_t before = job.tried_mask;
  job.tried_mask |= 1u << job.processor;
  const bool round_is_over = std::ranges::all_of(upstreams_, [&](const auto& upstream) {
    return upstream->is_in(job.tried_mask | job.our_fault_mask);
  });
  const bool is_news = job.tried_mask != before;
  if (round_is_over) job.tried_mask = 0;
  return is_news && !round_is_over && world_.clock.now() >= job.waiting_since + policy_.patience;
}

// What a processor refused in an outage of all, it may well take after it.
void Dispatcher::forget_old_refusals(Job& job) const {
  if (job.tried_at < first_back_) job.tried_mask = 0;
}

void Dispatcher::retry_at_once(Job& job) {
  budget_.spend(world_.clock.now()) ? enqueue(job) : retry_later(job);
}

void Dispatcher::retry_later(Job& job) {
  const platform::Duration patience_left =
      job.waiting_since + policy_.patience - world_.clock.now();
  platform::Duration delay = backoff(options_, job.tries, world_.random);
  if (patience_left > platform::Duration(0)) delay = std::min(delay, patience_left);
  job.timer = world_.timers.after(delay, [this, ref = jobs_.ref(job)] {
    Job& waiting = *jobs_.find(ref);
    waiting.timer = platform::TimerId::none;
    retry_at_once(waiting);
  });
}

bool Dispatcher::is_quiet() const {
  return world_.store.idle() && std::ranges::all_of(upstreams_, [](const auto& upstream) {
           return upstream->busy() == 0;
         });
}

std::optional<platform::Duration> Dispatcher::oldest_open() const {
  const Job* job = jobs_.oldest_open();
  if (!job) return std::nullopt;
  return std::chrono::milliseconds(world_.clock.wall().value - job->accepted_at.value);
}

std::optional<platform::Duration> Dispatcher::oldest_unknown() const {
  const Attempt* attempt = jobs_.oldest_unknown();
  if (!attempt) return std::nullopt;
  return std::chrono::milliseconds(world_.clock.wall().value - attempt->requested_at().value);
}

Upstream* Dispatcher::upstream_of(payment::ProcessorNumber number) {
  const auto upstream =
      std::ranges::find(upstreams_, number, [](const auto& each) { return each->number(); });
  return upstream == upstreams_.end() ? nullptr : upstream->get();
}

}  // namespace payswitch::dispatch
