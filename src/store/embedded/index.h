#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "books/books.h"
#include "store/archive/file_set.h"
#include "store/counters.h"
#include "store/embedded/applied.h"
#include "store/embedded/kept_facts.h"
#include "store/embedded/listing.h"
#include "store/embedded/memtable.h"
#include "store/embedded/payment.h"
#include "store/embedded/settled.h"
#include "store/embedded/unsettled.h"
#include "store/journal/format.h"
#include "store/store.h"

namespace payswitch::store::embedded {

// What is known of an id.
struct Known {
  payment::Money amount;
  std::uint64_t sequence = 0;  // of its acceptance; 0: it is settled, so durable for long
};

// Which attempts of a payment are carried forward with it: all that are remembered, or the last one
// alone, which is enough to go on and takes a tenth of the room.
enum class Attempts : std::uint8_t { all, last };

// All payments that are not archived, in memory, as the journal tells them: it changes by records
// alone, so what a restart reads is what was there before. What is settled lies in one memtable a
// segment: that of its home, or an earlier one. Loop thread only.
class Index {
 public:
  explicit Index(Counters& counters);

  // `record` holds what its type allows (fault_of). `sequence` is its place in the journal. A
  // record that says again what is known changes nothing (PROTOCOL 4.5).
  Applied apply(const journal::Record& record, std::uint64_t sequence);

  // What the record means whose payment is this archived one: it changes nothing, or it
  // contradicts.
  Applied apply_archived(const journal::Record& record, std::uint64_t sequence,
                         const archive::SettledPayment& payment) const;

  // The journal goes on after `archive`: what is there is counted and named here too. Before the
  // first record.
  void begin_after(const archive::FileSet& archive);

  // The records that follow are in that segment, or in a later one.
  void begin_segment(const journal::SegmentBegin& begin);

  // The payment is attempting, or unknown already.
  void note_unknown(const payment::CorrelationId& id);

  // After a restart every unanswered intent is unknown (PROTOCOL 2.6).
  void note_all_unknown();

  std::optional<Known> known(const payment::CorrelationId& id) const;
  std::optional<PaymentView> view(const payment::CorrelationId& id) const;

  // Store::list(), over whatever the index holds.
  Page list(const books::Window& window, ListCursor cursor) const;

  // Null when the payment is settled, or was never accepted. Valid until it is settled.
  const Payment* unsettled(const payment::CorrelationId& id) const;

  // Those that are neither settled nor parked and were accepted up to `sequence`, in their order:
  // in parts of at most `at_once`, each gone before the next one is made.
  void for_open_up_to(std::uint64_t sequence, std::size_t at_once, const Store::Adopt& adopt) const;

  // Of what is settled here. Both ends inclusive.
  payment::Total sum(payment::ProcessorNumber processor, const books::Window& window) const;

  // -- compaction -------------------------------------------------------------------------------

  // What it takes to carry all payments forward that are not settled, and all facts.
  std::uint64_t bytes_to_carry(Attempts attempts) const {
    const auto records =
        attempts == Attempts::all ? records_to_carry_.all : records_to_carry_.last_attempt;
    return (records + facts_.records_to_carry()) * journal::slot_bytes;
  }

  // So many places hold payments that are not settled, or none.
  std::size_t places() const { return unsettled_.places(); }

  // The records that carry the payment in that place forward, when there is one whose home is
  // before `sequence`; else none. Its home is the first of these records, which must be added now,
  // from `next_sequence` on. Attempts that are not carried forward are forgotten here too.
  std::vector<journal::Record> carry_forward_if_home_before(std::uint64_t sequence,
                                                            std::size_t place,
                                                            std::uint64_t next_sequence,
                                                            Attempts attempts);

  // Likewise those of the facts whose home is before `sequence`.
  std::vector<journal::Record> carry_forward_facts_before(std::uint64_t sequence,
                                                          std::uint64_t next_sequence) {
    return facts_.carry_forward_if_home_before(sequence, next_sequence);
  }

  std::size_t memtable_count() const { return memtables_.size(); }
  const std::shared_ptr<Memtable>& oldest() const { return memtables_.front(); }
  const journal::SegmentBegin& begin_after_oldest() const { return memtables_[1]->begin; }
  const journal::SegmentBegin& last_begin() const { return memtables_.back()->begin; }

  // The oldest memtable is archived: it is known and summed up elsewhere from now on. Not the last
  // one.
  std::shared_ptr<const Memtable> release_oldest();

  // Of all intents; zero when there was none.
  payment::UtcMs highest_requested_at() const { return highest_requested_at_; }

  // Index: ProcessorNumber.
  const std::vector<std::string>& names() const { return names_; }

  const KeptFacts& facts() const { return facts_; }

  // Payments that are not settled and whose last intent has no answer, parked ones included. Index:
  // ProcessorNumber. Looks at all of them.
  std::vector<payment::Total> unanswered() const;

 private:
  using State = payment::State;

  Applied apply_known(Payment& payment, const journal::Record& record);
  Applied apply_name(const journal::Record& record);
  Applied apply_fact(const journal::Record& record, std::uint64_t sequence);
  Applied apply_accepted(const journal::Record& record, std::uint64_t sequence);
  Applied apply_carried_forward(const journal::Record& record, std::uint64_t sequence);
  Applied apply_settled_or_unknown(const journal::Record& record) const;
  Applied apply_intent(Payment& payment, const journal::Record& record);
  Applied apply_refused(Payment& payment, const journal::Record& record);
  Applied apply_settled(Payment& payment, const journal::Record& record);
  Applied apply_parked(Payment& payment, const journal::Record& record);
  std::optional<archive::SettledPayment> settled(const payment::CorrelationId& id) const;

  Payment& new_payment(const journal::Record& record);
  void count_records(const Payment& payment, const Payment::Records& before);
  void begin_attempt(Payment& payment, const Intent& intent);
  void move(Payment& payment, State to);
  bool is_named(payment::ProcessorNumber processor) const { return processor < names_.size(); }
  bool has_unnamed_intent(const journal::Record& record) const;

  Counters& counters_;
  std::vector<std::string> names_;
  KeptFacts facts_;
  payment::UtcMs highest_requested_at_;

  Payment::Records records_to_carry_;  // of all unsettled payments
  UnsettledPayments unsettled_;
  std::deque<std::shared_ptr<Memtable>> memtables_;  // in the order of their segments
};

}  // namespace payswitch::store::embedded
