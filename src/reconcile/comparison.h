#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reconcile/queries.h"

namespace payswitch::reconcile {

enum class DiscrepancyKind : std::uint8_t {
  missing,          // settled at the processor, and not in its books
  amount,           // in its books with another amount
  requested_at,     // in its books with another time
  charged_twice,    // in its books, and settled at another processor
  refused_charged,  // in its books, although it refused it
  unknown_charge,   // in its books, and none of the payments that we sent there then
  unlisted,         // the switch's sum is not that of the payments that it lists
  unexplained,      // the sums differ, and no payment says why
};

std::string_view to_string(DiscrepancyKind kind);

// What differs between our books and a processor's.
struct Discrepancy {
  DiscrepancyKind kind = DiscrepancyKind::unexplained;
  std::string processor;
  std::optional<payment::CorrelationId> id;
  payment::UtcMs from;  // requestedAt in our books; of what is theirs alone, in theirs
  payment::UtcMs to;    // the end of an unexplained window, else as `from`
  payment::Total ours;  // of the payment, or of the window
  payment::Total theirs;
  std::string detail;  // where else, when else

  bool operator==(const Discrepancy&) const = default;
};

std::string to_text(const Discrepancy& discrepancy);
std::string to_json(const Discrepancy& discrepancy);

// A charge that we know to be in a processor's books beyond our sum.
struct Extra {
  payment::UtcMs at;
  std::int64_t cents = 0;
  bool in_flight = false;  // it may be there (PROTOCOL 6)

  bool operator==(const Extra&) const = default;
};

// What a processor's sum has beyond ours, when all that is named is taken out of both.
struct Rest {
  std::int64_t count = 0;
  __int128 cents = 0;

  bool operator==(const Rest&) const = default;
  bool is_nothing() const { return count == 0 && cents == 0; }
};

// One millisecond at one processor, looked into payment by payment.
struct Comparison {
  std::vector<Discrepancy> discrepancies;
  std::map<payment::CorrelationId, Extra> extras;  // may lie in another millisecond
  Rest rest;                                       // `extras` are not taken out yet

  bool operator==(const Comparison&) const = default;
};

// What the processor's books say of a payment; nullopt: not in them.
using Entries = std::map<payment::CorrelationId, std::optional<processor::BookEntry>>;

// Names what differs. `listed` are the switch's payments of that millisecond, `entries` what the
// processor says of each. Pure.
Comparison compare_payments(const std::string& processor, payment::UtcMs at,
                            std::span<const ListedPayment> listed, const payment::Total& theirs,
                            const Entries& entries);

// The sum of those that are settled there with that time.
payment::Total settled_total(const std::string& processor, payment::UtcMs at,
                             std::span<const ListedPayment> listed);

}  // namespace payswitch::reconcile
