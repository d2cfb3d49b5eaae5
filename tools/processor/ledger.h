#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>

#include "books/timeline.h"
#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/time.h"

namespace payswitch::lab {

// What the books say of one payment.
struct Entry {
  payment::Money amount;
  payment::UtcMs requested_at;

  bool operator==(const Entry&) const = default;
};

// A processor's books: which payments it took, and their sums by requestedAt. An id is booked once
// and never again. Pure.
class Ledger {
 public:
  // False, and nothing changes, when the id is there already.
  bool book(const payment::CorrelationId& id, const Entry& entry);

  // nullptr when the id is not in the books. Valid until the next change.
  const Entry* find(const payment::CorrelationId& id) const;

  // For tests that forge the books: inserts or replaces, and keeps how often it was booked.
  void put(const payment::CorrelationId& id, const Entry& entry);

  // False when the id was not there.
  bool remove(const payment::CorrelationId& id);

  void purge();

  std::size_t size() const { return entries_.size(); }

  // Both ends inclusive. The first call after a put() or remove() that altered an entry costs a
  // pass over the whole books.
  payment::Total sum(payment::UtcMs from, payment::UtcMs to);

  // One line of JSON a payment, sorted by id:
  // {"correlationId":"…","amount":19.90,"requestedAt":"2025-07-08T12:34:56.789Z","times":1}
  std::string to_ndjson() const;

 private:
  struct Booked {
    Entry entry;
    std::uint32_t times = 0;  // more than 1 would be a bug here; shown so that a test sees it
  };

  boost::unordered_flat_map<payment::CorrelationId, Booked, std::hash<payment::CorrelationId>>
      entries_;
  books::Timeline timeline_;
  bool timeline_is_stale_ = false;  // a timeline can only grow, so an alteration means a new one
};

}  // namespace payswitch::lab
