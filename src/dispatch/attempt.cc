#include "dispatch/attempt.h"

#include <cassert>
#include <utility>

namespace payswitch::dispatch {

using payment::Outcome;

Attempt Attempt::recovered(payment::Money amount, payment::UtcMs requested_at,
                           std::optional<platform::Duration> max_processing_time,
                           platform::Instant now, platform::Instant first_try) {
  Attempt attempt(amount, requested_at, max_processing_time);
  attempt.phase_ = Phase::resolving;
  attempt.clean_ = false;
  attempt.last_post_ = now;
  attempt.wake_at_ = first_try;
  return attempt;
}

Action Attempt::resume(const Event& event, platform::Instant now) {
  assert(phase_ != Phase::over);
  switch (event.kind) {
    case Event::Kind::durable:
      assert(phase_ == Phase::intending);
      return {.kind = Action::Kind::post};
    case Event::Kind::posted:
      assert(!post_outstanding_);
      if (phase_ == Phase::intending) phase_ = Phase::posting;
      post_outstanding_ = true;
      last_post_ = now;
      return {};
    case Event::Kind::written:
      last_post_ = now;
      return {};
    case Event::Kind::asking:
      assert(get_outstanding_);
      last_get_ = now;
      return {};
    case Event::Kind::late:
      assert(post_outstanding_);
      phase_ = Phase::resolving;
      return wait(event, now);
    case Event::Kind::answered:
      assert(post_outstanding_);
      post_outstanding_ = false;
      return answered(event.outcome, event, now);
    case Event::Kind::asked:
      assert(get_outstanding_);
      get_outstanding_ = false;
      return asked(event, now);
    case Event::Kind::unable:
      if (std::exchange(get_outstanding_, false) && refusal_) return give_up(*refusal_);
      return wait(event, now);
    case Event::Kind::tick:
      wake_at_.reset();
      return phase_ == Phase::resolving && !get_outstanding_ ? ask() : Action{};
  }
  return {};
}

Action Attempt::answered(Outcome outcome, const Event& event, platform::Instant now) {
  if (outcome == Outcome::taken) return settle({.amount = amount_, .requested_at = requested_at_});
  if (payment::is_refusal(outcome)) return refused(outcome, event, now);
  phase_ = Phase::resolving;
  clean_ = false;
  if (outcome == Outcome::already_booked) {
    said_booked_ = true;
    return get_outstanding_ ? Action{} : ask();
  }
  return wait(event, now);
}

Action Attempt::refused(Outcome outcome, const Event& event, platform::Instant now) {
  if (!clean_) return wait(event, now);  // an earlier request may still land (PROTOCOL 3.1)
  if (!get_outstanding_) return give_up(outcome);
  refusal_ = outcome;
  return {};
}

Action Attempt::asked(const Event& event, platform::Instant now) {
  if (event.entry) return settle(*event.entry);
  if (refusal_) return give_up(*refusal_);
  if (event.entry.error() == processor::NoEntry::not_found) return not_in_the_books(event, now);
  return wait(event, now);
}

Action Attempt::not_in_the_books(const Event& event, platform::Instant now) {
  if (said_booked_) {
    said_booked_ = false;
    Action action = wait(event, now);
    action.alarm = true;
    return action;
  }
  if (post_outstanding_) return wait(event, now);
  if (max_processing_time_) {
    if (last_get_ - last_post_ >= *max_processing_time_) return give_up(Outcome::released);
    // Another POST would start the clock anew: where it can only be refused, time is the better
    // judge.
    if (!event.processor_works) return wait(event, now);
  }
  wake_at_.reset();
  return {.kind = Action::Kind::post};
}

Action Attempt::settle(const processor::BookEntry& entry) {
  phase_ = Phase::over;
  wake_at_.reset();
  return {.kind = Action::Kind::settle, .entry = entry};
}

Action Attempt::give_up(Outcome reason) {
  phase_ = Phase::over;
  wake_at_.reset();
  return {.kind = Action::Kind::give_up, .reason = reason};
}

Action Attempt::ask() {
  get_outstanding_ = true;
  wake_at_.reset();
  return {.kind = Action::Kind::ask};
}

Action Attempt::wait(const Event& event, platform::Instant now) {
  if (!get_outstanding_) wake_at_ = now + event.backoff;
  return {};
}

}  // namespace payswitch::dispatch
