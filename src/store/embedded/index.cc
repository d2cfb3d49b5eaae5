#include "store/embedded/index.h"

#include <algorithm>
#include <cassert>

#include "store/embedded/carry_forward.h"
#include "store/embedded/repeated.h"
#include "store/journal/record.h"

// How this works: the index is what the records of the journal say, applied one after the other.
// The engine applies a record when it is made, recovery applies the same record when it is read
// back, so both come to the same index. A payment is in one of two places:
//
//     accepted, attempting, unknown, parked      `unsettled_`: an object that changes
//     settled                                    the memtable of its home: 48 bytes, never changed
//
// The *home* of a payment is the place in the journal from which on all of it is there: its
// acceptance, or the last time that it was carried forward. A memtable holds the settled payments
// whose home is in one segment; so when that segment is compacted, its memtable becomes the archive
// file, and nothing else is needed. Example with segments that begin at records 1, 50 and 90:
//
//     payment A: accepted at 20, settled at 95    home 20 ─ memtable of segment 1
//     payment B: accepted at 30, carried forward at 92, settled at 97 ─ home 92 ─ segment 3
//
// A record that says again what is known changes nothing (repeated.h); one that cannot be true is
// named, and nothing changes either. Counters, the highest requestedAt and the sums in the
// memtables move with each record, so no question counts payments.

namespace payswitch::store::embedded {

namespace {

OpenPayment open_payment(const Payment& payment) {
  OpenPayment open{.id = payment.id,
                   .amount = payment.amount,
                   .accepted_at = payment.accepted_at,
                   .attempts_made = payment.attempts_made(),
                   .our_fault_mask = payment.our_fault_mask,
                   .unanswered = std::nullopt};
  if (payment.is_unanswered()) {
    open.unanswered = Intent{.processor = payment.last_processor,
                             .number = payment.last_number,
                             .requested_at = payment.last_requested_at};
  }
  return open;
}

bool carries_intent(const journal::Record& record) {
  return (record.flags & journal::flag_carries_intent) != 0;
}

// The place of the acceptance of a payment that is carried forward.
std::uint64_t acceptance_of(const journal::Record& record) {
  return static_cast<std::uint64_t>(record.requested_at);
}

bool is_after_its_acceptance(const journal::Record& record, std::uint64_t sequence) {
  return acceptance_of(record) != 0 && acceptance_of(record) < sequence;
}

constexpr const char* carried_too_early = "a copy before its payment";

}  // namespace

// -- records ----------------------------------------------------------------------------

Index::Index(Counters& counters) : counters_(counters) {
  memtables_.push_back(std::make_shared<Memtable>());
}

Applied Index::apply(const journal::Record& record, std::uint64_t sequence) {
  assert(journal::fault_of(record) == nullptr);
  if (record.type == journal::RecordType::processor_named) return apply_name(record);
  if (record.type == journal::RecordType::accepted) return apply_accepted(record, sequence);
  if (record.type == journal::RecordType::carried_forward)
    return apply_carried_forward(record, sequence);
  if (record.type == journal::RecordType::clean_stop) return repeated;
  if (record.type >= journal::RecordType::processor_origin) return apply_fact(record, sequence);
  Payment* payment = unsettled_.find(journal::id_of(record));
  if (payment == nullptr) return apply_settled_or_unknown(record);
  const auto before = payment->records();
  const Applied applied = apply_known(*payment, record);
  count_records(*payment, before);
  return applied;
}

void Index::count_records(const Payment& payment, const Payment::Records& before) {
  const Payment::Records now = payment.records();
  records_to_carry_.all += now.all - before.all;
  records_to_carry_.last_attempt += now.last_attempt - before.last_attempt;
}

Applied Index::apply_known(Payment& payment, const journal::Record& record) {
  switch (record.type) {
    case journal::RecordType::intent:
      return apply_intent(payment, record);
    case journal::RecordType::refused:
      return apply_refused(payment, record);
    case journal::RecordType::settled:
      return apply_settled(payment, record);
    default:
      assert(record.type == journal::RecordType::parked);
      return apply_parked(payment, record);
  }
}

Applied Index::apply_name(const journal::Record& record) {
  std::string name = journal::name_of(record);
  if (name.empty()) return contradicts("a processor without a name");
  const auto known = std::ranges::find(names_, name);
  if (known != names_.end()) {
    const bool same = known - names_.begin() == record.processor;
    return same ? repeated : contradicts("a processor named twice, with two numbers");
  }
  if (record.processor != names_.size()) return contradicts("a processor's number out of order");
  names_.push_back(std::move(name));
  facts_.processor_is_named();
  return {};
}

Applied Index::apply_fact(const journal::Record& record, std::uint64_t sequence) {
  if (record.type == journal::RecordType::processor_origin && !is_named(record.processor)) {
    return contradicts("an origin of an unnamed processor");
  }
  return facts_.apply(record, sequence);
}

Applied Index::apply_accepted(const journal::Record& record, std::uint64_t sequence) {
  if (has_unnamed_intent(record)) return contradicts("an intent at an unnamed processor");
  if (const auto known = view(journal::id_of(record))) return accepted_again(record, *known);
  Payment& payment = new_payment(record);
  payment.sequence = sequence;
  payment.home = sequence;
  if (carries_intent(record)) begin_attempt(payment, journal::intent_of(record));
  count_records(payment, {});
  return {};
}

// All of it is carried forward: none of its earlier records is needed any more.
Applied Index::apply_carried_forward(const journal::Record& record, std::uint64_t sequence) {
  const auto id = journal::id_of(record);
  if (!is_after_its_acceptance(record, sequence)) return contradicts(carried_too_early);
  if (Payment* known = unsettled_.find(id)) known->home = sequence;
  if (const auto known = view(id)) return accepted_again(record, *known);
  Payment& payment = new_payment(record);
  payment.sequence = acceptance_of(record);
  payment.home = sequence;
  payment.our_fault_mask = record.attempt;
  count_records(payment, {});
  return {};
}

// A record of a payment that is settled, or was never accepted.
Applied Index::apply_settled_or_unknown(const journal::Record& record) const {
  if (const auto payment = settled(journal::id_of(record))) return settled_again(record, *payment);
  return {.changed = false,
          .contradiction = "a record of a payment that was never accepted",
          .is_of_no_payment = true};
}

Applied Index::apply_archived(const journal::Record& record, std::uint64_t sequence,
                              const archive::SettledPayment& payment) const {
  switch (record.type) {
    case journal::RecordType::accepted:
      if (has_unnamed_intent(record)) return contradicts("an intent at an unnamed processor");
      return accepted_again(record, payment.view());
    case journal::RecordType::carried_forward:
      if (!is_after_its_acceptance(record, sequence)) return contradicts(carried_too_early);
      return accepted_again(record, payment.view());
    default:
      return settled_again(record, payment);
  }
}

Applied Index::apply_intent(Payment& payment, const journal::Record& record) {
  if (!is_named(record.processor)) return contradicts("an intent at an unnamed processor");
  if (record.attempt <= payment.attempts_made()) {
    const auto known = payment.attempt(record.attempt);
    const bool same = !known || is_intent_of(record, *known);
    return same ? repeated : contradicts("an attempt made twice, differently");
  }
  // The first attempts of one that is carried forward may be forgotten.
  const bool is_first_carried = journal::continues(record) && payment.attempts_made() == 0;
  if (record.attempt != payment.attempts_made() + 1 && !is_first_carried) {
    return contradicts("an attempt out of order");
  }
  if (payment.state == State::parked) return contradicts("a parked payment is attempted");
  if (payment.is_unanswered()) return contradicts("an intent while another is unanswered");
  begin_attempt(payment, journal::intent_of(record));
  return {};
}

Applied Index::apply_refused(Payment& payment, const journal::Record& record) {
  if (record.attempt > payment.attempts_made()) return contradicts("a refusal of no attempt");
  const auto known = payment.attempt(record.attempt);
  if (!known) return repeated;  // forgotten
  const auto outcome = static_cast<payment::Outcome>(record.outcome);
  if (known->processor != record.processor) return contradicts("a refusal by another processor");
  if (known->outcome) {
    return known->outcome == outcome ? repeated
                                     : contradicts("an attempt refused twice, differently");
  }
  if (payment.state == State::parked) return contradicts("a refusal of a parked payment");
  // No attempt begins while another is unanswered.
  assert(record.attempt == payment.last_number);
  payment.last_outcome = outcome;
  if (outcome == payment::Outcome::our_fault) payment.our_fault_mask |= 1u << record.processor;
  move(payment, State::accepted);
  return {};
}

Applied Index::apply_settled(Payment& payment, const journal::Record& record) {
  if (!is_named(record.processor)) return contradicts("a settlement at an unnamed processor");
  if (record.attempt == 0 || record.attempt > payment.attempts_made()) {
    return contradicts("a settlement by no attempt");
  }
  if (!payment::is_legal(payment.state, State::settled)) {
    return contradicts("a settlement while no attempt is unanswered");
  }
  const Settlement settlement{.processor = record.processor,
                              .number = record.attempt,
                              .requested_at = {record.requested_at},
                              .amount = payment::Money::from_cents(record.cents),
                              .settled_at = {record.at},
                              .finding = (record.flags & journal::flag_finding) != 0};
  move(payment, State::settled);
  // A home that no segment was begun for is in the last one, or in a later one.
  const auto home = std::find_if(memtables_.rbegin(), memtables_.rend(), [&](const auto& each) {
    return each->begin.first_sequence <= payment.home;
  });
  assert(home != memtables_.rend());
  Memtable& memtable = **home;
  memtable.books.add(settlement.processor, settlement.requested_at, settlement.amount);
  memtable.settled.add(to_settled(payment, settlement));
  if (settlement.finding) {
    ++counters_.findings;
    ++memtable.findings;
  }
  unsettled_.remove(payment::CorrelationId(payment.id));
  return {};
}

Applied Index::apply_parked(Payment& payment, const journal::Record& record) {
  if (payment.state == State::parked) {
    const bool same = payment.parked_at().value == record.at;
    return same ? repeated : contradicts("a payment parked twice, differently");
  }
  // That an attempt became unknown is not on record, but only then it can have been parked.
  if (payment.state == State::attempting) move(payment, State::unknown);
  payment.set_parked_at({record.at});
  move(payment, State::parked);
  return {};
}

bool Index::has_unnamed_intent(const journal::Record& record) const {
  return carries_intent(record) && !is_named(record.processor);
}

// -- payments ---------------------------------------------------------------------------

Payment& Index::new_payment(const journal::Record& record) {
  Payment& payment = unsettled_.add(journal::id_of(record));
  payment.amount = payment::Money::from_cents(record.cents);
  payment.accepted_at = {record.at};
  ++counters_.by_state[static_cast<std::size_t>(State::accepted)];
  return payment;
}

void Index::begin_attempt(Payment& payment, const Intent& intent) {
  payment.begin_attempt(intent);
  highest_requested_at_ = std::max(highest_requested_at_, intent.requested_at);
  move(payment, State::attempting);
}

void Index::move(Payment& payment, State to) {
  assert(payment::is_legal(payment.state, to));
  --counters_.by_state[static_cast<std::size_t>(payment.state)];
  ++counters_.by_state[static_cast<std::size_t>(to)];
  payment.state = to;
}

void Index::note_unknown(const payment::CorrelationId& id) {
  Payment* payment = unsettled_.find(id);
  assert(payment != nullptr);
  if (payment->state != State::unknown) move(*payment, State::unknown);
}

void Index::note_all_unknown() {
  for (std::size_t place = 0; place < unsettled_.places(); ++place) {
    Payment& payment = unsettled_.at(place);
    if (payment.state == State::attempting) move(payment, State::unknown);
  }
}

// -- questions --------------------------------------------------------------------------

std::optional<Known> Index::known(const payment::CorrelationId& id) const {
  if (const Payment* payment = unsettled(id)) return Known{payment->amount, payment->sequence};
  for (const auto& memtable : memtables_) {
    if (const auto amount = memtable->settled.amount(id)) return Known{*amount, 0};
  }
  return std::nullopt;
}

std::optional<archive::SettledPayment> Index::settled(const payment::CorrelationId& id) const {
  for (const auto& memtable : memtables_) {
    if (auto payment = memtable->settled.find(id)) return payment;
  }
  return std::nullopt;
}

const Payment* Index::unsettled(const payment::CorrelationId& id) const {
  return unsettled_.find(id);
}

std::optional<PaymentView> Index::view(const payment::CorrelationId& id) const {
  const Payment* payment = unsettled(id);
  if (payment == nullptr) {
    const auto known = settled(id);
    return known ? std::optional(known->view()) : std::nullopt;
  }
  PaymentView view{.id = id,
                   .amount = payment->amount,
                   .state = payment->state,
                   .accepted_at = payment->accepted_at,
                   .processor = payment->last_processor,
                   .requested_at = std::nullopt,
                   .settled_at = std::nullopt,
                   .booked_amount = std::nullopt,
                   .finding = false,
                   .attempts_made = payment->attempts_made(),
                   .attempts = payment->attempts()};
  if (payment->attempts_made() != 0) view.requested_at = payment->last_requested_at;
  return view;
}

void Index::for_open_up_to(std::uint64_t sequence, std::size_t at_once,
                           const Store::Adopt& adopt) const {
  std::vector<std::uint32_t> places;
  for (std::size_t place = 0; place < unsettled_.places(); ++place) {
    const Payment& payment = unsettled_.at(place);
    const bool is_here = payment.home != 0;
    if (is_here && payment.sequence <= sequence && payment.state != State::parked) {
      places.push_back(static_cast<std::uint32_t>(place));
    }
  }
  std::ranges::sort(places, {}, [this](auto place) { return unsettled_.at(place).sequence; });
  std::vector<OpenPayment> open;
  open.reserve(std::min(at_once, places.size()));
  for (const auto place : places) {
    open.push_back(open_payment(unsettled_.at(place)));
    if (open.size() < at_once && place != places.back()) continue;
    adopt(open);
    open.clear();
  }
}

std::vector<payment::Total> Index::unanswered() const {
  std::vector<payment::Total> totals(names_.size());
  for (std::size_t place = 0; place < unsettled_.places(); ++place) {
    const Payment& payment = unsettled_.at(place);
    if (payment.home != 0 && payment.is_unanswered()) {
      totals[payment.last_processor].add(payment.amount);
    }
  }
  return totals;
}

payment::Total Index::sum(payment::ProcessorNumber processor, const books::Window& window) const {
  payment::Total total;
  for (const auto& memtable : memtables_) total += memtable->books.sum(processor, window);
  return total;
}

// -- compaction ----------------------------------------------------------------------------

void Index::begin_after(const archive::FileSet& archive) {
  const archive::FileInfo last = archive.last();
  names_ = last.names;
  for (std::size_t i = 0; i < names_.size(); ++i) facts_.processor_is_named();
  highest_requested_at_ = last.highest_requested_at;
  counters_.findings += archive.findings();
  counters_.by_state[static_cast<std::size_t>(State::settled)] += archive.payments();
}

void Index::begin_segment(const journal::SegmentBegin& begin) {
  // The first one of all takes the place of none.
  if (memtables_.back()->begin.segment == 0) memtables_.clear();
  memtables_.push_back(std::make_shared<Memtable>());
  memtables_.back()->begin = begin;
}

std::vector<journal::Record> Index::carry_forward_if_home_before(std::uint64_t sequence,
                                                                 std::size_t place,
                                                                 std::uint64_t next_sequence,
                                                                 Attempts attempts) {
  Payment& payment = unsettled_.at(place);
  const bool is_here = payment.home != 0;
  if (!is_here || payment.home >= sequence) return {};
  if (attempts == Attempts::last) {
    const auto before = payment.records();
    payment.forget_earlier_attempts();
    count_records(payment, before);
  }
  payment.home = next_sequence;
  return carried_forward_records(payment);
}

std::shared_ptr<const Memtable> Index::release_oldest() {
  assert(memtables_.size() > 1);
  auto oldest = std::move(memtables_.front());
  memtables_.pop_front();
  return oldest;
}

}  // namespace payswitch::store::embedded
