#include "dispatch/recovery.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

// How this works:
//
// What the store says of an open payment decides how it goes on:
//
//     intents on record        restored, or forgotten?   goes on
//     none, or all refused     no                        enqueued, as a new one
//     the last is unanswered   no                        asked for there, by Resolution: unknown
//     any                      yes                       asked for first, by AskFirst, at each
//                                                        processor that may have it
//
// (Restored: the store is a copy. Forgotten: by Redis.)
//
// AskFirst ends in one of two ways. Where no processor has the payment, it goes on as the first two
// lines say. Where one has it, it is settled as that processor's books say; when the store has no
// intent at that processor, it is given one first, since a settlement needs an intent.
//
// An attempt that was recovered is never clean: an earlier process may have sent more than one
// request for it, so no refusal ends it (PROTOCOL 2.6). Its processor may be missing in the
// configuration of today: then the payment is stranded, stays open, and is counted.
//
// Example: the copy of yesterday knows payment A as refused at `cheap`. Today's books of `dear`
// have A: the intent at `dear` and its settlement are recorded, and nothing is sent. No processor
// has payment B: it is enqueued.
namespace payswitch::dispatch {

namespace {

constexpr std::int64_t max_age_ms = 366ll * 24 * 3600 * 1000;

}  // namespace

Recovery::Recovery(const Options& options, const Platform& platform, store::Store& store,
                   const Upstreams& upstreams, Jobs& jobs, RequestTimes& times,
                   Scheduler& scheduler, Resolution& resolution, Settled settled)
    : options_(options),
      platform_(platform),
      store_(store),
      upstreams_(upstreams),
      jobs_(jobs),
      times_(times),
      scheduler_(scheduler),
      resolution_(resolution),
      settled_(std::move(settled)),
      ask_first_(options, platform, upstreams, jobs, scheduler,
                 {
                     .found = [this](Job& job, const Upstream& upstream,
                                     const auto& entry) { found(job, upstream, entry); },
                     .not_found = [this](Job& job) { go_on(job); },
                 }) {}

// -- what was open --------------------------------------------------------------------------------

void Recovery::take_up(const std::vector<store::OpenPayment>& open) {
  const platform::Duration spread = spread_over(open.size());
  for (const store::OpenPayment& payment : open) take_up(payment, spread);
  scheduler_.schedule_soon();
}

// The first questions are spread out, so that a restart with a million unknowns does not ask a
// million times at once, though they come in parts.
platform::Duration Recovery::spread_over(std::size_t payments) const {
  const auto& by_state = store_.counters().by_state;
  const std::uint64_t unknown = by_state[static_cast<std::size_t>(payment::State::unknown)];
  const auto to_ask = static_cast<std::int64_t>(std::max<std::uint64_t>(payments, unknown));
  return std::min<platform::Duration>(options_.backoff_cap, std::chrono::milliseconds(to_ask));
}

void Recovery::take_up(const store::OpenPayment& payment, platform::Duration spread) {
  Job& job = jobs_.add();
  job.id = payment.id;
  job.amount = payment.amount;
  job.accepted_at = payment.accepted_at;
  // Patience runs from the acceptance, also across a restart.
  const std::int64_t age_ms = platform_.clock.wall().value - payment.accepted_at.value;
  job.waiting_since = platform_.clock.now() -
                      std::chrono::milliseconds(std::clamp<std::int64_t>(age_ms, 0, max_age_ms));
  job.attempts_made = payment.attempts_made;
  job.refusals = Refusals(payment.our_fault_mask);
  jobs_.mark_open(job);
  if (payment.unanswered) recover_attempt(job, payment, spread);
  const bool may_be_anywhere = options_.restored != Restored::no;
  ask_first_.start(
      job, may_be_anywhere ? upstreams_.mask() : payment.ask_first_mask & upstreams_.mask());
}

void Recovery::recover_attempt(Job& job, const store::OpenPayment& payment,
                               platform::Duration spread) {
  const platform::Instant now = platform_.clock.now();
  job.processor = payment.unanswered->processor;
  const Upstream* const upstream = upstreams_.find(job.processor);
  // No release for what was another instance's: when its requests arrive is not known here
  // (PROTOCOL 3.2).
  const bool may_be_released = upstream && !payment.was_anothers;
  const platform::Duration delay(
      static_cast<std::int64_t>(static_cast<double>(spread.count()) * platform_.random.uniform()));
  jobs_.begin_attempt(
      job,
      Attempt::recovered(job.amount, payment.unanswered->requested_at,
                         may_be_released ? upstream->options().max_processing_time : std::nullopt,
                         now, now + delay));
  jobs_.mark_unknown(*job.attempt);
  store_.note_unknown(job.id);
}

// -- what first looks have shown ------------------------------------------------------------------

void Recovery::found(Job& job, const Upstream& upstream, const processor::BookEntry& entry) {
  found_elsewhere_.say(platform_.log, platform::Level::warn, platform_.clock.now(),
                       "payment {} was found at processor {}, of which the store knew nothing",
                       job.id.to_string(), upstream.options().name);
  const bool has_intent_there = job.attempt && job.processor == upstream.number();
  if (options_.restored != Restored::no && !has_intent_there) {
    record_intent(job, upstream, entry);
  } else {
    ask_first_.recorded();
    job.processor = upstream.number();
  }
  settled_(job, entry);
}

// It was charged by a request of which the store knows nothing. What the store has as unanswered
// elsewhere was refused before that request was sent (PROTOCOL 3.3).
void Recovery::record_intent(Job& job, const Upstream& upstream,
                             const processor::BookEntry& entry) {
  if (job.attempt) {
    store_.refuse(job.id, {.processor = job.processor,
                           .number = job.attempts_made,
                           .reason = payment::Outcome::released});
    jobs_.end_attempt(job);
  }
  job.processor = upstream.number();
  ++job.attempts_made;
  // A time ahead of every clock must not become the highest that was issued.
  const payment::UtcMs at =
      std::min(entry.requested_at, std::max(platform_.clock.wall(), times_.least_next()));
  jobs_.begin_attempt(job, Attempt(job.amount, at, std::nullopt));
  // Nothing is sent for it; but until it is durable, a restart would know nothing of it.
  store_.intend(job.id,
                {.processor = job.processor, .number = job.attempts_made, .requested_at = at},
                [this](bool) { ask_first_.recorded(); });
}

void Recovery::go_on(Job& job) {
  if (!job.attempt) return scheduler_.enqueue(job);
  if (upstreams_.find(job.processor)) return resolution_.take_up(job);
  note_stranded(job);
}

void Recovery::note_stranded(const Job& job) {
  const bool is_first = stranded_.add(job.processor, job.amount);
  if (!is_first) return;
  const auto& names = store_.names();
  platform_.log.error(
      "payments may be charged at processor '{}', which is not configured: they stay open, payment "
      "{} among them. GET /processors counts them",
      job.processor < names.size() ? names[job.processor] : std::to_string(job.processor),
      job.id.to_string());
}

}  // namespace payswitch::dispatch
