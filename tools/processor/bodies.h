#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/json_fields.h"
#include "tools/processor/ledger.h"

// What is sent to a processor, and how its books are shown. Errors say in a few words what is
// wrong.
namespace payswitch::lab {

inline constexpr std::uint64_t max_delay_ms = 24 * 60 * 60 * 1000;

// Reads the named fields; a field that appears twice is an error.
std::expected<void, std::string> read_object(std::string_view json,
                                             std::span<http::JsonField> fields);

// A number without sign, fraction or exponent, of at most `max`.
std::optional<std::uint64_t> whole_number(const http::JsonField& field, std::uint64_t max);

struct PaymentBody {
  payment::CorrelationId id;
  Entry entry;
};

// {"correlationId":"…","amount":19.90,"requestedAt":"2025-07-08T12:34:56.789Z"}. Keeps the memory
// that one reading needs for the next.
class PaymentReader {
 public:
  std::expected<PaymentBody, std::string> read(std::string_view json);

 private:
  http::JsonField fields_[3] = {
      {.name = "correlationId"}, {.name = "amount"}, {.name = "requestedAt"}};
};

// {"amount":19.90,"requestedAt":"2025-07-08T12:34:56.789Z"}
std::expected<Entry, std::string> read_entry(std::string_view json);

std::expected<std::string, std::string> read_token(std::string_view json);  // {"token":"…"}
std::expected<std::chrono::milliseconds, std::string> read_delay(
    std::string_view json);                                            // {"delay":ms}
std::expected<bool, std::string> read_failure(std::string_view json);  // {"failure":true}

// {"correlationId":"…","amount":19.90,"requestedAt":"2025-07-08T12:34:56.789Z"}
std::string entry_json(const payment::CorrelationId& id, const Entry& entry, bool with_zone);

// {"message":"…"}
std::string message_json(std::string_view message);

}  // namespace payswitch::lab
