#include "dispatch/dispatcher.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

#include "dispatch/booked_before.h"

// How this works:
//
// A payment is a Job from accept() to its end, and passes from part to part:
//
//     accept ─► store ─► Scheduler ─► store ─► Resolution ─► settle ─► store ─► `ended`
//               (kept)   (where to)   (intent)  (charged?)
//                 ▲          ▲                      │
//     start ─► Recovery      └────── refused ◄──────┘
//
// The fast path leaves out one write: when nothing waits and a connection is at hand, the
// acceptance carries the first intent (PROTOCOL 2.2).
//
// The parts do not know each other's events, and know the store only where they must (Recovery,
// RequestTimes). What they find out comes back here, and is recorded here: an intent before its
// POST (assigned), a refusal before the next intent (refused), a settlement when its evidence has
// been read (settle). So every write about a payment's fate but the recovered ones is in this file.
//
// Invariants: until its acceptance is durable a job is only a plan, and is not counted as open. A
// job has an attempt from begin_attempt() until it is settled, refused or withdrawn, and the
// attempt a reservation until its intent is durable. Callbacks name a job by JobRef, since it may
// have ended before they run.
//
// Shared by the parts: Upstreams (what is known of processors), Jobs, RequestTimes, RetryBudget and
// Outage. Monitor feeds the upstreams from outside of payments.
namespace payswitch::dispatch {

Dispatcher::Dispatcher(const Options& options, const routing::PolicyOptions& policy,
                       const Dependencies& dependencies,
                       std::vector<std::unique_ptr<Upstream>> upstreams, Ended ended)
    : options_(options),
      store_(dependencies.store),
      platform_(dependencies.platform),
      upstreams_(std::move(upstreams)),
      ended_(std::move(ended)),
      jobs_(platform_.timers),
      times_(store_, dependencies.peers, platform_.clock, platform_.log),
      budget_(options, platform_.clock.now()),
      outage_(options.rest, platform_, upstreams_, [this] { scheduler_.schedule_soon(); }),
      scheduler_(options_, policy, platform_, dependencies.peers, upstreams_, jobs_, outage_,
                 budget_, scheduler_events()),
      resolution_(options_, platform_, upstreams_, jobs_, scheduler_, outage_, budget_,
                  resolution_events()),
      recovery_(options_, platform_, store_, upstreams_, jobs_, times_, scheduler_, resolution_,
                [this](Job& job, const auto& entry) { settle(job, entry); }),
      monitor_(platform_, dependencies.peers, upstreams_, times_, outage_, scheduler_) {}

Scheduler::Events Dispatcher::scheduler_events() {
  using Exchange = Scheduler::Exchange;
  return {
      .assigned = [this](Job& job, const auto& assignment) { assigned(job, assignment); },
      .connected =
          [this](Job& job, Upstream& upstream, http::ConnectionId connection, Exchange exchange) {
            exchange == Exchange::first_look
                ? recovery_.connected(job, upstream, connection)
                : resolution_.connected(job, upstream, connection, exchange);
          },
      .connect_failed =
          [this](Job& job, Exchange exchange) {
            exchange == Exchange::first_look ? recovery_.connect_failed(job)
                                             : resolution_.connect_failed(job);
          },
      .unroutable = [this](Job& job) { park(job); },
  };
}

Resolution::Events Dispatcher::resolution_events() {
  return {
      .settled = [this](Job& job, const auto& entry) { settle(job, entry); },
      .refused = [this](Job& job, payment::Outcome reason) { refused(job, reason); },
      .became_unknown = [this](Job& job) { store_.note_unknown(job.id); },
  };
}

void Dispatcher::start() {
  monitor_.listen();
  store_.start([this](const std::vector<store::OpenPayment>& open) { recovery_.take_up(open); });
  monitor_.start_polling();
}

void Dispatcher::stop() {
  is_stopping_ = true;
  scheduler_.stop();
  resolution_.stop();
  monitor_.stop();
}

// -- taking a payment in --------------------------------------------------------------------------

void Dispatcher::accept(const payment::CorrelationId& id, payment::Money amount,
                        store::Store::AcceptDone done) {
  Job& job = jobs_.add();
  job.id = id;
  job.amount = amount;
  job.is_new = true;
  job.accepted_at = platform_.clock.wall();
  job.waiting_since = platform_.clock.now();
  store::Acceptance acceptance{
      .id = id,
      .amount = amount,
      .accepted_at = job.accepted_at,
      .intent = {},
      .admit_new = !is_stopping_ && store_.counters().open() < options_.max_open_payments,
  };
  if (acceptance.admit_new && options_.restored != Restored::yes) {
    if (const auto assignment = scheduler_.assign_at_once(job)) {
      acceptance.intent = begin_attempt(job, *assignment);
    }
  }
  store_.accept(acceptance, [this, ref = jobs_.ref(job),
                             done = std::move(done)](store::Verdict verdict) mutable {
    done(verdict);
    accepted(ref, verdict);
  });
}

void Dispatcher::accepted(JobRef ref, store::Verdict verdict) {
  Job& job = *jobs_.find(ref);
  if (verdict != store::Verdict::accepted) return withdraw(job);
  jobs_.mark_open(job);
  budget_.first_attempt();
  if (job.attempt) return intent_durable(job);
  if (options_.restored == Restored::yes) return recovery_.ask_everywhere(job);
  scheduler_.enqueue(job);
}

store::Intent Dispatcher::begin_attempt(Job& job, const Scheduler::Assignment& assignment) {
  const Upstream& upstream = assignment.upstream;
  job.processor = upstream.number();
  ++job.attempts_made;
  jobs_.begin_attempt(job,
                      Attempt(job.amount, times_.issue(), upstream.options().max_processing_time));
  job.attempt->reservation = assignment.reservation;
  return {.processor = job.processor,
          .number = job.attempts_made,
          .requested_at = job.attempt->requested_at()};
}

void Dispatcher::assigned(Job& job, const Scheduler::Assignment& assignment) {
  const store::Intent intent = begin_attempt(job, assignment);
  store_.intend(job.id, intent, [this, ref = jobs_.ref(job)](bool is_granted) {
    Job& waiting = *jobs_.find(ref);
    is_granted ? intent_durable(waiting) : withdraw(waiting);
  });
}

void Dispatcher::intent_durable(Job& job) {
  times_.made_durable(job.attempt->requested_at());
  resolution_.begin(job);
}

// It is not ours: it was not accepted as a new one, or it is another instance's now, which will see
// it through.
void Dispatcher::withdraw(Job& job) {
  if (job.attempt) upstreams_.of(job.processor).cancel(*job.attempt->reservation);
  jobs_.remove(job);
  scheduler_.schedule_soon();
}

// -- how an attempt ends --------------------------------------------------------------------------

void Dispatcher::settle(Job& job, const processor::BookEntry& entry) {
  Upstream& upstream = upstreams_.of(job.processor);
  const store::Settlement settlement{
      .processor = job.processor,
      .number = job.attempts_made,
      .requested_at = entry.requested_at,
      .amount = entry.amount,
      .settled_at = platform_.clock.wall(),
      .finding = entry.amount != job.amount ||
                 (job.attempt && entry.requested_at != job.attempt->requested_at()),
  };
  if (settlement.finding) report_difference(job, upstream, entry);
  note_if_booked_before(job, upstream, entry);
  count(job, upstream, settlement);
  store_.settle(job.id, settlement, [this, id = job.id] { ended_(id); });
  jobs_.remove(job);
}

void Dispatcher::report_difference(const Job& job, const Upstream& upstream,
                                   const processor::BookEntry& entry) {
  difference_.say(
      platform_.log, platform::Level::error, platform_.clock.now(),
      "finding: processor {} booked payment {} as {} at {}, not as {} at {}",
      upstream.options().name, job.id.to_string(), entry.amount.to_string(),
      payment::format_iso8601(entry.requested_at), job.amount.to_string(),
      job.attempt ? payment::format_iso8601(job.attempt->requested_at()) : "an unknown time");
}

void Dispatcher::note_if_booked_before(const Job& job, Upstream& upstream,
                                       const processor::BookEntry& entry) {
  const bool is_by_first_attempt = job.is_new && job.attempt && job.attempts_made == 1;
  if (!is_by_first_attempt || options_.restored == Restored::yes ||
      !BookedBefore::is_so(job.attempt->requested_at(), entry.requested_at)) {
    return;
  }
  BookedBefore& booked = upstream.counters().booked_before;
  if (!booked.count()) return;
  platform_.log.error(
      "processor {} already has payment {} as of {}, which is new to us ({} such payments): were "
      "these books restored, or cut? Others may be charged twice: see --restored in the runbook",
      upstream.options().name, job.id.to_string(), payment::format_iso8601(entry.requested_at),
      booked.total());
}

void Dispatcher::count(const Job& job, const Upstream& upstream,
                       const store::Settlement& settlement) {
  counters_.settlement.record(std::chrono::milliseconds(
      std::max<std::int64_t>(0, settlement.settled_at.value - job.accepted_at.value)));
  const __int128 cents = settlement.amount.cents();
  counters_.fees_paid_ppm += cents * upstream.options().fee_ppm;
  counters_.fees_saved_ppm +=
      cents * (upstreams_.dearest().options().fee_ppm - upstream.options().fee_ppm);
}

void Dispatcher::refused(Job& job, payment::Outcome reason) {
  const payment::ProcessorNumber by = job.processor;
  store_.refuse(job.id, {.processor = by, .number = job.attempts_made, .reason = reason});
  jobs_.end_attempt(job);
  scheduler_.retry(job, by, reason);
}

void Dispatcher::park(Job& job) {
  parked_.say(platform_.log, platform::Level::error, platform_.clock.now(),
              "payment {}: every processor says that the request is our fault: parked",
              job.id.to_string());
  store_.park(job.id, platform_.clock.wall(), [this, id = job.id] { ended_(id); });
  jobs_.remove(job);
}

// -- what can be seen -----------------------------------------------------------------------------

bool Dispatcher::is_quiet() const {
  return store_.idle() && std::ranges::all_of(upstreams_, [](const auto& upstream) {
           return upstream->busy() == 0;
         });
}

std::optional<platform::Duration> Dispatcher::oldest_open() const {
  const Job* const job = jobs_.oldest_open();
  if (!job) return std::nullopt;
  return std::chrono::milliseconds(platform_.clock.wall().value - job->accepted_at.value);
}

std::optional<platform::Duration> Dispatcher::oldest_unknown() const {
  const Attempt* const attempt = jobs_.oldest_unknown();
  if (!attempt) return std::nullopt;
  return std::chrono::milliseconds(platform_.clock.wall().value - attempt->requested_at().value);
}

}  // namespace payswitch::dispatch
