#pragma once

#include <expected>
#include <span>
#include <string_view>

#include "http/client.h"
#include "payment/outcome.h"

namespace payswitch::processor {

// One row of a response table: the first row that matches says what the response to a POST means.
struct ResponseRule {
  // `empty` is said, not guessed: a body that only the end of the connection ended may have been
  // cut off before its first byte.
  enum class Body : std::uint8_t { any, empty };
  unsigned status;
  Body body;
  payment::Outcome outcome;
};

// How a kind of processor speaks: data, not ifs. It drives retry, breaker and score alike.
struct Dialect {
  std::string_view name;
  std::span<const ResponseRule> responses;
};

// The dialect of that name, or nullptr. "rinha" is the only one so far.
const Dialect* find_dialect(std::string_view name);

// Reads the response to POST /payments (PROTOCOL 1). What the table does not list is unknown; of
// the failures only not_sent is a refusal.
payment::Outcome read_response(
    const Dialect& dialect, const std::expected<http::IncomingResponse, http::Failure>& response);

}  // namespace payswitch::processor
