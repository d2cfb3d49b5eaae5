#include "payment/money.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>

namespace payswitch::payment {
namespace {

constexpr int places = 2;
constexpr int max_integer_digits = 10;

constexpr std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

// The digits bound the amount only because the largest one is all nines.
static_assert(Money::max_cents == power_of_ten(max_integer_digits + places) - 1);

// Beyond any text's length, and far from overflow when a length is added to it: an exponent that
// is cut off here means the same as the one that was written.
constexpr std::int64_t exponent_cap = 4'000'000'000'000'000'000;

// A number as it was written: its digits are those of `integer` followed by those of `fraction`.
struct Literal {
  bool negative = false;
  std::string_view integer;
  std::string_view fraction;
  std::int64_t exponent = 0;

  std::size_t digit_count() const { return integer.size() + fraction.size(); }

  char digit(std::size_t index) const {
    return index < integer.size() ? integer[index] : fraction[index - integer.size()];
  }

  // The power of ten that the digit at `index` stands for.
  std::int64_t power(std::size_t index) const {
    return exponent + static_cast<std::int64_t>(integer.size()) - 1 -
           static_cast<std::int64_t>(index);
  }
};

bool skip(std::string_view& rest, char expected) {
  if (!rest.starts_with(expected)) return false;
  rest.remove_prefix(1);
  return true;
}

std::string_view take_digits(std::string_view& rest) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_digit);
  const auto digits = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(digits.size());
  return digits;
}

std::optional<std::int64_t> take_exponent(std::string_view& rest) {
  const bool negative = skip(rest, '-');
  if (!negative) skip(rest, '+');
  const auto digits = take_digits(rest);
  if (digits.empty()) return std::nullopt;
  std::int64_t exponent = 0;
  for (const char digit : digits) {
    if (exponent >= exponent_cap / 10) {
      exponent = exponent_cap;
      break;
    }
    exponent = exponent * 10 + (digit - '0');
  }
  return negative ? -exponent : exponent;
}

std::optional<Literal> read_literal(std::string_view rest) {
  Literal literal;
  literal.negative = skip(rest, '-');
  literal.integer = take_digits(rest);
  if (literal.integer.empty()) return std::nullopt;
  if (literal.integer.size() > 1 && literal.integer.front() == '0') return std::nullopt;
  if (skip(rest, '.')) {
    literal.fraction = take_digits(rest);
    if (literal.fraction.empty()) return std::nullopt;
  }
  if (skip(rest, 'e') || skip(rest, 'E')) {
    const auto exponent = take_exponent(rest);
    if (!exponent) return std::nullopt;
    literal.exponent = *exponent;
  }
  if (!rest.empty()) return std::nullopt;
  return literal;
}

}  // namespace

std::string_view to_string(MoneyError error) {
  switch (error) {
    case MoneyError::not_a_number:
      return "must be a number";
    case MoneyError::not_positive:
      return "must be greater than zero";
    case MoneyError::too_many_places:
      return "has more than two decimal places";
    case MoneyError::too_large:
      return "is too large";
  }
  assert(false);
  return {};
}

Money Money::from_cents(std::int64_t cents) {
  assert(cents >= 0 && cents <= max_cents);
  Money money;
  money.cents_ = cents;
  return money;
}

std::expected<Money, MoneyError> Money::parse(std::string_view number) {
  const auto literal = read_literal(number);
  if (!literal) return std::unexpected(MoneyError::not_a_number);

  std::size_t first = 0;
  std::size_t end = literal->digit_count();
  while (first < end && literal->digit(first) == '0') ++first;
  while (end > first && literal->digit(end - 1) == '0') --end;
  if (first == end || literal->negative) return std::unexpected(MoneyError::not_positive);

  const std::int64_t lowest = literal->power(end - 1);
  if (lowest < -places) return std::unexpected(MoneyError::too_many_places);
  if (literal->power(first) >= max_integer_digits) return std::unexpected(MoneyError::too_large);

  std::int64_t cents = 0;
  for (std::size_t i = first; i < end; ++i) cents = cents * 10 + (literal->digit(i) - '0');
  return from_cents(cents * power_of_ten(static_cast<int>(lowest) + places));
}

std::string Money::to_string() const {
  return format_cents(cents_);
}

void Total::add(Money amount) {
  ++count;
  cents += amount.cents();
}

Total& Total::operator+=(const Total& other) {
  count += other.count;
  cents += other.cents;
  return *this;
}

std::string Total::amount() const {
  return format_cents(cents);
}

std::string format_cents(__int128 cents) {
  std::array<char, 48> text;  // 39 digits, the point, the sign
  char* begin = text.data() + text.size();
  // Negating the smallest value is only defined without a sign.
  auto left = static_cast<unsigned __int128>(cents);
  if (cents < 0) left = -left;
  for (int written = 0; left != 0 || written <= places; ++written) {
    if (written == places) *--begin = '.';
    *--begin = static_cast<char>('0' + static_cast<int>(left % 10));
    left /= 10;
  }
  if (cents < 0) *--begin = '-';
  return std::string(begin, text.data() + text.size());
}

}  // namespace payswitch::payment
