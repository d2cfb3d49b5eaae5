#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "books/books.h"
#include "store/counters.h"
#include "store/embedded/format.h"
#include "store/embedded/listing.h"
#include "store/embedded/payment.h"
#include "store/embedded/settled.h"
#include "store/store.h"

namespace payswitch::store::embedded {

// What a record did to the index.
struct Applied {
  bool changed = true;                  // false: it says again what is known, or it contradicts
  const char* contradiction = nullptr;  // why it cannot be true, for a person
};

// What is known of an id.
struct Known {
  payment::Money amount;
  std::uint64_t sequence = 0;  // of its acceptance; 0: it is settled, so durable for long
};

// All payments in memory, as the journal tells them: it changes by records alone, so what a restart
// reads is what was there before. Loop thread only.
class Index {
 public:
  Index(books::Books& books, Counters& counters) : books_(books), counters_(counters) {}

  // `record` holds what its type allows (fault_of). `sequence` is its place in the journal. A
  // record that says again what is known changes nothing (PROTOCOL 4.5).
  Applied apply(const Record& record, std::uint64_t sequence);

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

  // Those that are neither settled nor parked and were accepted up to `sequence`, in their order.
  std::vector<OpenPayment> open_up_to(std::uint64_t sequence) const;

  // Of all intents; zero when there was none.
  payment::UtcMs highest_requested_at() const { return highest_requested_at_; }

  // Index: ProcessorNumber.
  const std::vector<std::string>& names() const { return names_; }

 private:
  using State = payment::State;

  Applied apply_name(const Record& record);
  Applied apply_accepted(const Record& record, std::uint64_t sequence);
  Applied apply_again(const Record& record) const;
  Applied apply_intent(Payment& payment, const Record& record);
  Applied apply_refused(Payment& payment, const Record& record);
  Applied apply_settled(Payment& payment, const Record& record);
  Applied apply_parked(Payment& payment, const Record& record);
  Applied accepted_again(const Record& record) const;

  Payment& new_payment(const payment::CorrelationId& id);
  void forget(Payment& payment);
  void begin_attempt(Payment& payment, const Intent& intent);
  void move(Payment& payment, State to);
  bool is_named(payment::ProcessorNumber processor) const { return processor < names_.size(); }

  books::Books& books_;
  Counters& counters_;
  std::vector<std::string> names_;
  payment::UtcMs highest_requested_at_;

  std::deque<Payment> pool_;  // addresses are stable
  std::vector<Payment*> free_;
  boost::unordered_flat_map<payment::CorrelationId, Payment*, std::hash<payment::CorrelationId>>
      unsettled_;
  SettledPayments settled_;
};

}  // namespace payswitch::store::embedded
