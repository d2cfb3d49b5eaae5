// A part of the dispatcher: payments that are ours although we did not accept them in this life.

#include <algorithm>
#include <utility>

#include "dispatch/dispatcher.h"

namespace payswitch::dispatch {

namespace {

constexpr std::int64_t max_age_ms = 366ll * 24 * 3600 * 1000;

}  // namespace

void Dispatcher::adopt(const std::vector<store::OpenPayment>& open) {
  // Spread out, so that a restart with a million unknowns does not ask a million times at once,
  // though they come in parts.
  const auto& by_state = world_.store.counters().by_state;
  const std::uint64_t unknown = by_state[static_cast<std::size_t>(payment::State::unknown)];
  const auto to_ask = static_cast<std::int64_t>(std::max<std::uint64_t>(open.size(), unknown));
  const auto spread =
      std::min<platform::Duration>(options_.backoff_cap, std::chrono::milliseconds(to_ask));
  for (const store::OpenPayment& payment : open) adopt(payment, spread);
  pump_soon();
}

void Dispatcher::adopt(const store::OpenPayment& payment, platform::Duration spread) {
  const platform::Instant now = world_.clock.now();
  Job& job = jobs_.add();
  job.id = payment.id;
  job.amount = payment.amount;
  job.accepted_at = payment.accepted_at;
  // Patience runs from the acceptance, also across a restart.
  job.waiting_since =
      now - std::chrono::milliseconds(std::clamp<std::int64_t>(
                world_.clock.wall().value - payment.accepted_at.value, 0, max_age_ms));
  job.attempts_made = payment.attempts_made;
  job.our_fault_mask = payment.our_fault_mask;
  jobs_.mark_open(job);
  if (payment.unanswered) recover_attempt(job, payment, spread);
  const std::uint32_t everywhere = ask_first_.everywhere();
  const bool may_be_anywhere = options_.restored != Restored::no;
  ask_first_.start(job, may_be_anywhere ? everywhere : payment.ask_first_mask & everywhere);
}

void Dispatcher::recover_attempt(Job& job, const store::OpenPayment& payment,
                                 platform::Duration spread) {
  const platform::Instant now = world_.clock.now();
  job.processor = payment.unanswered->processor;
  const Upstream* upstream = upstream_of(job.processor);
  // Not for what was another instance's: who knows when that one's requests arrive (PROTOCOL 3.2).
  const bool may_be_released = upstream && !payment.was_anothers;
  const platform::Duration delay(
      static_cast<std::int64_t>(static_cast<double>(spread.count()) * world_.random.uniform()));
  job.attempt = std::make_unique<AttemptAtWork>(Attempt::recovered(
      job.amount, payment.unanswered->requested_at,
      may_be_released ? upstream->options().max_processing_time : std::nullopt, now, now + delay));
  jobs_.mark_unknown(*job.attempt);
  world_.store.note_unknown(job.id);
}

AskFirst::Events Dispatcher::answers_to_first_questions() {
  return {
      .found =
          [this](Job& job, Upstream& upstream, const processor::BookEntry& entry) {
            complaints_.found_elsewhere.say(
                world_.log, platform::Level::warn, world_.clock.now(),
                "payment {} was found at processor {}, of which the store knew nothing",
                job.id.to_string(), upstream.options().name);
            if (options_.restored != Restored::no)
              return settle_by_their_books(job, upstream, entry);
            ask_first_.recorded();
            job.processor = upstream.number();
            settle(job, entry);
          },
      .nowhere = [this](Job& job) { set_to_work(job); },
      .pump = [this] { pump_soon(); },
  };
}

// It was charged by a request of which the store knows nothing: the store is given an intent for
// it, and then the settlement. What the store has as unanswered elsewhere was refused before that
// request was sent (PROTOCOL 3.3).
void Dispatcher::settle_by_their_books(Job& job, const Upstream& upstream,
                                       const processor::BookEntry& entry) {
  if (job.attempt && job.processor == upstream.number()) {
    ask_first_.recorded();
    return settle(job, entry);
  }
  if (job.attempt) {
    world_.store.refuse(job.id, {.processor = job.processor,
                                 .number = job.attempts_made,
                                 .reason = payment::Outcome::released});
    forget_attempt(job);
  }
  job.processor = upstream.number();
  ++job.attempts_made;
  // A time ahead of every clock must not become the highest that was issued.
  const payment::UtcMs at =
      std::min(entry.requested_at, std::max(world_.clock.wall(), issuer_.least_next()));
  jobs_.begin_attempt(job, Attempt(job.amount, at, std::nullopt));
  // Nothing is sent for it; but until it is durable, a restart would know nothing of it.
  world_.store.intend(job.id,
                      {.processor = job.processor, .number = job.attempts_made, .requested_at = at},
                      [this](bool) { ask_first_.recorded(); });
  settle(job, entry);
}

void Dispatcher::set_to_work(Job& job) {
  if (!job.attempt) return enqueue(job);
  if (upstream_of(job.processor)) return arm(job);
  const auto& names = world_.store.names();
  const bool is_first = unasked_.add(job.processor, job.amount);
  if (!is_first) return;
  world_.log.error(
      "payments may be charged at processor '{}', which is not configured: they stay open, payment "
      "{} among them. GET /processors counts them",
      job.processor < names.size() ? names[job.processor] : std::to_string(job.processor),
      job.id.to_string());
}

}  // namespace payswitch::dispatch
