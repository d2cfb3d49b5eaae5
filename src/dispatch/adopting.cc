// A part of the dispatcher: payments that are ours although we did not accept them in this life.

#include <algorithm>
#include <bit>
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
      std::min<world::Duration>(options_.backoff_cap, std::chrono::milliseconds(to_ask));
  for (const store::OpenPayment& payment : open) adopt(payment, spread);
  pump_soon();
}

void Dispatcher::adopt(const store::OpenPayment& payment, world::Duration spread) {
  const world::Instant now = world_.clock.now();
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
  for (const auto& lane : lanes_) {
    if (lane->is_in(payment.ask_first_mask)) job.ask_first_mask |= 1u << lane->number();
  }
  ask_first(job);
}

void Dispatcher::recover_attempt(Job& job, const store::OpenPayment& payment,
                                 world::Duration spread) {
  const world::Instant now = world_.clock.now();
  job.processor = payment.unanswered->processor;
  const Lane* lane = lane_of(job.processor);
  // Not for what was another instance's: who knows when that one's requests arrive (PROTOCOL 3.2).
  const bool may_be_released = lane && !payment.was_anothers;
  const world::Duration delay(
      static_cast<std::int64_t>(static_cast<double>(spread.count()) * world_.chance.uniform()));
  job.attempt = std::make_unique<AttemptAtWork>(Attempt::recovered(
      job.amount, payment.unanswered->requested_at,
      may_be_released ? lane->options().max_processing_time : std::nullopt, now, now + delay));
  jobs_.mark_unknown(*job.attempt);
  world_.store.note_unknown(job.id);
}

// An intent that the store has forgotten may have sent it anywhere: first each of those processors
// is asked (PROTOCOL 7.5).
void Dispatcher::ask_first(Job& job) {
  if (job.ask_first_mask == 0) return set_to_work(job);
  const auto number = static_cast<payment::ProcessorNumber>(std::countr_zero(job.ask_first_mask));
  lane_of(number)->steps().push_back({jobs_.ref(job), false});
  pump_soon();
}

void Dispatcher::ask_first(Job& job, Lane& lane, http::ConnectionId connection) {
  ++lane.counters().asked;
  lane.channel().ask(connection, job.id, [this, &lane, ref = jobs_.ref(job)](const auto& entry) {
    Job& asked = *jobs_.find(ref);
    if (entry) {
      complaints_.found_elsewhere.say(
          world_.log, world::Level::warn, world_.clock.now(),
          "payment {} was found at processor {}, of which the store knew nothing",
          asked.id.to_string(), lane.options().name);
      asked.processor = lane.number();
      settle(asked, *entry);
    } else if (entry.error() == processor::NoEntry::not_found) {
      asked.ask_first_mask &= ~(1u << lane.number());
      ask_first(asked);
    } else {
      ask_first_later(asked);
    }
    pump_soon();
  });
}

void Dispatcher::ask_first_later(Job& job) {
  const auto delay = backoff(options_, ++job.tries, world_.chance);
  job.timer = world_.timers.after(delay, [this, ref = jobs_.ref(job)] {
    Job& waiting = *jobs_.find(ref);
    waiting.timer = world::TimerId::none;
    ask_first(waiting);
  });
}

void Dispatcher::set_to_work(Job& job) {
  if (!job.attempt) return enqueue(job);
  if (lane_of(job.processor)) return arm(job);
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
