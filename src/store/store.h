#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "books/books.h"
#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/outcome.h"
#include "payment/processor_number.h"
#include "payment/state.h"
#include "payment/time.h"
#include "store/counters.h"

// Where payments are kept. The seam speaks of payments, not of bytes.
namespace payswitch::store {

// What is durable before a request's write is started (PROTOCOL 2.1).
struct Intent {
  payment::ProcessorNumber processor = payment::no_processor;
  std::uint32_t number = 0;     // counts the payment's attempts, from 1
  payment::UtcMs requested_at;  // what the processor's books will say
};

struct Acceptance {
  payment::CorrelationId id;
  payment::Money amount;
  payment::UtcMs accepted_at;
  std::optional<Intent> intent;  // the fast path (PROTOCOL 2.2)
  bool admit_new = true;         // false: only replays are answered (PROTOCOL 5.1)
};

enum class Verdict : std::uint8_t {
  accepted,      // new, and now durable
  replayed,      // same id, same amount; the original is durable
  conflict,      // same id, another amount; the original is durable
  not_admitted,  // new, but admit_new was false or there is no room on the disk: nothing was kept
  unavailable,   // the store cannot be asked at the moment: the payment may have been kept, or not
};

// The store cannot be asked at the moment.
struct Unavailable {};

struct Refusal {
  payment::ProcessorNumber processor = payment::no_processor;
  std::uint32_t number = 0;
  payment::Outcome reason = payment::Outcome::refused;  // a refusal, or released
};

struct Settlement {
  payment::ProcessorNumber processor = payment::no_processor;
  std::uint32_t number = 0;     // of the attempt
  payment::UtcMs requested_at;  // what the processor's books say
  payment::Money amount;        // what the processor's books say
  payment::UtcMs settled_at;
  bool finding = false;  // the processor's books differ from our intent (PROTOCOL 3.1)
};

// One attempt as a reader sees it.
struct AttemptView {
  std::uint32_t number = 0;
  payment::ProcessorNumber processor = payment::no_processor;
  payment::UtcMs requested_at;
  std::optional<payment::Outcome> outcome;  // none: in flight, or unknown
};

// How many attempts of one payment are remembered: the first ones are forgotten beyond it.
inline constexpr std::size_t max_attempts_remembered = 16;

struct PaymentView {
  payment::CorrelationId id;
  payment::Money amount;
  payment::State state = payment::State::accepted;
  payment::UtcMs accepted_at;
  payment::ProcessorNumber processor = payment::no_processor;  // of the last intent or settlement
  std::optional<payment::UtcMs> requested_at;
  std::optional<payment::UtcMs> settled_at;
  std::optional<payment::Money> booked_amount;  // settled: what the processor's books say
  bool finding = false;
  std::uint32_t attempts_made = 0;
  std::vector<AttemptView> attempts;
};

// A payment that is neither settled nor parked, and that is ours although we did not accept it in
// this life.
struct OpenPayment {
  payment::CorrelationId id;
  payment::Money amount;
  payment::UtcMs accepted_at;
  std::uint32_t attempts_made = 0;
  std::uint32_t our_fault_mask = 0;  // bit n: processor n said that the request is our fault
  std::optional<Intent> unanswered;  // its last intent, when no refusal of it is on record
  bool was_anothers = false;         // another instance's: PROTOCOL 3.2 has no end for it
  // Bit n: processor n may have it by an intent that the store has forgotten (PROTOCOL 7.5).
  std::uint32_t ask_first_mask = 0;
};

struct Summary {
  std::vector<payment::Total> by_processor;  // index: ProcessorNumber; each has a name
};

// What the store keeps beside payments, about the whole of itself.
struct Facts {
  // Index: ProcessorNumber; size: names().size(). Empty: none was ever configured.
  std::vector<std::string> origins;
  bool restored = false;  // Restored::on was said, and not Restored::done since
  payment::UtcMs told;    // the highest of keep_told(); zero: there was none
};

// A part of a list.
struct Page {
  std::vector<PaymentView> payments;  // at most max_page_payments
  std::string next;                   // names the next page: printable ASCII; empty: there is none
};
inline constexpr std::size_t max_page_payments = 100;

// Loop thread only. The calls of one turn are one batch: the engine gathers them and makes them
// durable together, in the order of the calls; completions run later, from the loop, in that order
// (save that an answer that needs no sync does not wait for one: summary(), list(), and find() and
// replays of what is durable, and that an intent may wait for room on a full disk; the calls for
// one payment keep their order). Settlements, refusals and parkings, for which no 202 and no
// request waits, may wait for Options::linger, so that they share another record's sync. State that
// a call changes is visible to find(), summary() and counters() at once; it is durable when the
// call completes. But a payment is shown by find() only when its acceptance is durable: whoever
// sees it counts on it. A failed write never completes anything: the process ends (PROTOCOL 4.4).
class Store {
 public:
  using AcceptDone = std::move_only_function<void(Verdict)>;
  using Done = std::move_only_function<void()>;
  using IntendDone = std::move_only_function<void(bool is_granted)>;
  using Found = std::expected<std::optional<PaymentView>, Unavailable>;
  using FindDone = std::move_only_function<void(const Found&)>;
  using SummaryDone = std::move_only_function<void(const std::expected<Summary, Unavailable>&)>;
  // Those that one instance accepted, in that order, as far as they come together.
  using Adopt = std::function<void(const std::vector<OpenPayment>&)>;
  using Listed = std::expected<std::optional<Page>, Unavailable>;
  using ListDone = std::move_only_function<void(const Listed&)>;

  virtual ~Store() = default;

  // `adopt` is called for every open payment that is ours and was not accepted by us: at once for
  // those that the store had at start, and at any later time for those that were another
  // instance's. Once, before anything else.
  virtual void start(Adopt adopt) = 0;

  // The verdict is durable when `done` runs: that of a replay waits for the original's sync.
  virtual void accept(const Acceptance& acceptance, AcceptDone done) = 0;

  // The intent is durable when `done` runs, if it is granted; it is not when the payment has become
  // another instance's by now. The payment is open, and has no unanswered intent.
  virtual void intend(const payment::CorrelationId& id, const Intent& intent, IntendDone done) = 0;

  // Every request of the attempt was answered with a refusal (or it was released). Nothing waits,
  // but it is durable before any later intent of the payment.
  virtual void refuse(const payment::CorrelationId& id, const Refusal& refusal) = 0;

  // The attempt's outcome is unknown. Not kept: after a restart every unanswered intent is unknown.
  virtual void note_unknown(const payment::CorrelationId& id) = 0;

  // Counts in summary() at once; is final (durable) when `done` runs. The payment is attempting or
  // unknown, and its acceptance has completed: no answer can come before (PROTOCOL 2.1).
  virtual void settle(const payment::CorrelationId& id, const Settlement& settlement,
                      Done done) = 0;

  // No processor will take it: kept, listed, never dropped. Durable when `done` runs.
  virtual void park(const payment::CorrelationId& id, payment::UtcMs at, Done done) = 0;

  virtual void find(const payment::CorrelationId& id, FindDone done) = 0;
  // The same, but a settlement or a parking is shown only when it is durable: it completes then.
  virtual void find_durable(const payment::CorrelationId& id, FindDone done) = 0;
  virtual void summary(const books::Window& window, SummaryDone done) = 0;

  // The payments that were settled with a requestedAt in the window, and those with a remembered
  // attempt whose requestedAt lies in it; what is not durable yet may be missing. In no order. A
  // payment that fits when the first page is asked for is on one page at least, it may be on two,
  // also when it is settled in between. Each call takes a bounded time, so a page may be short, or
  // empty, and not the last. `cursor` is empty for the first page, then Page::next of the page
  // before, with the same window and in the same life of the store; nullopt: it is neither.
  virtual void list(const books::Window& window, const std::string& cursor, ListDone done) = 0;

  // Index: ProcessorNumber. Names that are no longer configured stay. Every number that find(),
  // summary() and list() tell has its name by the time that they complete.
  virtual const std::vector<std::string>& names() const = 0;

  // As kept at start, and changed since by keep_told(). Other instances' changes are seen within a
  // tenth of the lease. Valid as long as the store.
  virtual const Facts& facts() const = 0;

  // Sums up to `told` were declared final: after a restart facts() says so. Durable when `done`
  // runs. One that is not later than what is kept changes nothing.
  virtual void keep_told(payment::UtcMs told, Done done) = 0;

  // The highest requestedAt of any intent known at start: the highest that was ever issued; zero
  // when there is none. What a processor's books say instead (a finding) was not issued, and does
  // not count. Instances that share a store learn each other's within a tenth of the lease.
  virtual payment::UtcMs highest_requested_at() const = 0;

  // Whether it can be asked now. When it cannot, nothing new is accepted, and what is under way
  // waits.
  virtual bool is_available() const = 0;

  // Nothing is waiting to become durable.
  virtual bool idle() const = 0;

  // The process ends by itself, and nothing more is asked of the store. What was asked before is
  // durable when `done` runs, and that this was a clean stop: so damage to the last of it is told
  // from a crash at the next start. It may never run, when nothing can be written.
  virtual void end(Done done) = 0;

  virtual const Counters& counters() const = 0;
};

}  // namespace payswitch::store
