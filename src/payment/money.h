#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace payswitch::payment {

enum class MoneyError : std::uint8_t { not_a_number, not_positive, too_many_places, too_large };

std::string_view to_string(MoneyError error);

// An exact amount in cents. No double ever holds money.
class Money {
 public:
  static constexpr std::int64_t max_cents = 999'999'999'999;  // 9,999,999,999.99

  Money() = default;

  // `cents` within [0, max_cents]; a bug otherwise.
  static Money from_cents(std::int64_t cents);

  // Reads a JSON number (RFC 8259 section 6): 19.9, 19.90, 19.900 and 1.99e1 are the same amount.
  // Zero and negatives, more than two places that are not zero (1e-3), and more than max_cents are
  // errors, each its own; the first in this order is told. Never allocates; any exponent is safe.
  static std::expected<Money, MoneyError> parse(std::string_view number);

  std::int64_t cents() const { return cents_; }

  // Two places, no exponent: "19.90".
  std::string to_string() const;

  auto operator<=>(const Money&) const = default;

 private:
  std::int64_t cents_ = 0;
};

// A count of payments and their exact sum, in 128 bits: it cannot overflow.
struct Total {
  std::uint64_t count = 0;
  __int128 cents = 0;

  void add(Money amount);
  Total& operator+=(const Total& other);
  bool operator==(const Total&) const = default;

  // The sum with two places: "1234567.80".
  std::string amount() const;
};

// 128-bit cents with two places; negative values carry a leading minus.
std::string format_cents(__int128 cents);

}  // namespace payswitch::payment
