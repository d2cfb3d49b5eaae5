#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/time.h"
#include "tools/contest/schedule.h"

// Every payment of the run beside the books of both processors. Pure.
namespace payswitch::lab::contest {

// What its client was told.
enum class Told : std::uint8_t {
  taken,    // 2xx
  refused,  // another status
  nothing,  // no answer: it may have been kept, or not
};

// By id. All were sent with the same amount.
using Payments = std::unordered_map<payment::CorrelationId, Told>;

struct BookLine {
  payment::CorrelationId id;
  payment::Money amount;
  payment::UtcMs requested_at;
  std::uint64_t times = 0;
};

// One line of JSON a payment, as GET /lab/books gives them.
std::expected<std::vector<BookLine>, std::string> read_books(std::string_view ndjson);

enum class Fault : std::uint8_t {
  lost,             // answered 2xx, and in no book
  doubled,          // in both books, or more than once in one
  another_amount,   // booked, but not with the amount that was sent
  refused_and_yet,  // answered with another status, and booked
  unknown,          // booked, and never sent in this run
};
inline constexpr std::size_t fault_count = 5;

std::string_view to_string(Fault fault);

struct Finding {
  Fault fault;
  payment::CorrelationId id;
  std::string where;  // "at default and fallback", with the amount

  bool operator==(const Finding&) const = default;
};

// Sorted by fault, then by id. A payment can have several faults.
std::vector<Finding> compare(const Payments& payments, payment::Money amount,
                             const Pair<std::vector<BookLine>>& books);

}  // namespace payswitch::lab::contest
