#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "payment/money.h"
#include "payment/outcome.h"
#include "payment/time.h"
#include "platform/clock.h"
#include "processor/wire.h"

namespace payswitch::dispatch {

// What an attempt needs to know when something happens.
struct Event {
  enum class Kind : std::uint8_t {
    durable,   // the intent is on disk
    posted,    // a POST has been handed over to be written
    written,   // and its write is under way by now
    asking,    // the GET is about to be written
    late,      // the POST's attempt_timeout has passed
    answered,  // the POST was answered, cut or hung up
    asked,     // the GET ended
    unable,    // the POST or GET that it wanted could not be started: no connection
    tick,      // wake_at() has come
  };
  Kind kind = Kind::tick;
  payment::Outcome outcome = payment::Outcome::unknown;  // of answered
  std::expected<processor::BookEntry, processor::NoEntry> entry =
      std::unexpected(processor::NoEntry::no_answer);  // of asked
  bool processor_works = true;                         // of asked: its breaker is not open
  platform::Duration backoff{0};  // how long to wait, should waiting be the answer
};

// What to do next.
struct Action {
  enum class Kind : std::uint8_t {
    wait,     // for the next event; wake_at() says whether time alone brings one
    post,     // POST (again), with the intent's requestedAt
    ask,      // GET
    settle,   // over: charged, as `entry` says
    give_up,  // over: every request was refused, or it was released; `reason` says which
  };
  Kind kind = Kind::wait;
  processor::BookEntry entry{};                         // of settle
  payment::Outcome reason = payment::Outcome::refused;  // of give_up
  bool alarm =
      false;  // the processor contradicted itself: said that it has the payment, and did not
};

// One attempt to charge one payment at one processor, from its intent to its end: PROTOCOL 2 and 3
// as a machine without I/O. Time and answers come in, the next action goes out; the dispatcher
// obeys.
//
//   intending ──► posting ──► over (taken; refused)
//                    │ late, unknown, already booked
//                    ▼
//                 resolving: GET ──404──► POST again ──► over (taken)
//                    ▲          back-off      │ anything else
//                    └──────────◄─────────────┘
//
// An attempt is *clean* while every request that was answered was answered with a refusal, and none
// was cut, hung up, unknown or lost in a restart. Only a clean attempt can be refused; any other
// ends by the processor's own word (a 200, or a GET that finds it), or by max_processing_time: by a
// GET that does not find it, and whose write began that long after the write of the last POST. When
// its answer comes does not matter: it may say what was true when the GET came in (PROTOCOL 3.2).
class Attempt {
 public:
  // A new attempt: its intent is being made durable.
  Attempt(payment::Money amount, payment::UtcMs requested_at,
          std::optional<platform::Duration> max_processing_time)
      : amount_(amount), requested_at_(requested_at), max_processing_time_(max_processing_time) {}

  // An attempt that was found at start without an answer on record: unknown, and never clean. Asks
  // at `first_try`; max_processing_time runs anew.
  static Attempt recovered(payment::Money amount, payment::UtcMs requested_at,
                           std::optional<platform::Duration> max_processing_time,
                           platform::Instant now, platform::Instant first_try);

  Action resume(const Event& event, platform::Instant now);

  // The moment at which it wants a tick, when it waits for one.
  std::optional<platform::Instant> wake_at() const { return wake_at_; }

  // No longer just in flight: its fate is being resolved.
  bool is_unknown() const { return phase_ == Phase::resolving; }

  payment::UtcMs requested_at() const { return requested_at_; }

 private:
  enum class Phase : std::uint8_t { intending, posting, resolving, over };

  Action answered(payment::Outcome outcome, const Event& event, platform::Instant now);
  Action refused(payment::Outcome outcome, const Event& event, platform::Instant now);
  Action asked(const Event& event, platform::Instant now);
  Action not_in_the_books(const Event& event, platform::Instant now);
  Action settle(const processor::BookEntry& entry);
  Action give_up(payment::Outcome reason);
  Action ask();
  Action wait(const Event& event, platform::Instant now);

  payment::Money amount_;
  payment::UtcMs requested_at_;
  std::optional<platform::Duration> max_processing_time_;
  std::optional<platform::Instant> wake_at_;
  platform::Instant last_post_{};  // its write had begun by then
  platform::Instant last_get_{};   // its write had not begun then
  Phase phase_ = Phase::intending;
  bool clean_ = true;
  bool post_outstanding_ = false;
  bool get_outstanding_ = false;
  bool said_booked_ = false;                 // a 422 came, and no GET has been answered since
  std::optional<payment::Outcome> refusal_;  // a clean refusal that waits for the GET to end
};

}  // namespace payswitch::dispatch
