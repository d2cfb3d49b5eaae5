// Amounts, against exact arithmetic of Boost.Multiprecision. What a JSON number is, Boost.JSON
// says.
#include "payment/money.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <cassert>
#include <charconv>
#include <string>

namespace {

namespace json = boost::json;
using boost::multiprecision::cpp_int;
using payswitch::payment::Money;
using payswitch::payment::MoneyError;

// Beyond it powers of ten take too long, and Boost.JSON counts exponents no further.
constexpr int max_exponent = 5'000;

enum class Grammar { number, no_number, unknown };

Grammar grammar_of(std::string_view text) {
  const auto has = [](char c) { return std::string_view("-+.eE0123456789").contains(c); };
  if (!std::ranges::all_of(text, has)) return Grammar::no_number;
  boost::system::error_code error;
  const auto value = json::parse({text.data(), text.size()}, error);
  if (error == json::error::exponent_overflow) return Grammar::unknown;
  return !error && value.is_number() ? Grammar::number : Grammar::no_number;
}

// digits x 10^exponent
struct Decimal {
  cpp_int digits;
  int exponent = 0;
};

Decimal decimal_of(std::string_view text) {
  Decimal decimal;
  const auto e = std::min(text.find_first_of("eE"), text.size());
  std::string_view written = text.substr(std::min(e + 1, text.size()));
  if (written.starts_with('+')) written.remove_prefix(1);
  int exponent = 0;
  const auto read = std::from_chars(written.data(), written.data() + written.size(), exponent);
  if (read.ec == std::errc::result_out_of_range)
    exponent = written.starts_with('-') ? -1 << 30 : 1 << 30;
  const auto point = std::min(text.find('.'), e);
  std::string digits(text.substr(0, e));
  std::erase_if(digits, [](char c) { return c == '.' || c == '-'; });
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  decimal.digits = cpp_int(digits);
  if (text.starts_with('-')) decimal.digits = -decimal.digits;
  decimal.exponent = exponent - static_cast<int>(e - std::min(point + 1, e));
  return decimal;
}

std::expected<Money, MoneyError> exact(const Decimal& decimal) {
  if (decimal.digits <= 0) return std::unexpected(MoneyError::not_positive);
  cpp_int cents = decimal.digits;
  const int shift = std::clamp(decimal.exponent + 2, -max_exponent, max_exponent);
  const cpp_int power = pow(cpp_int(10), static_cast<unsigned>(std::abs(shift)));
  if (shift < 0 && cents % power != 0) return std::unexpected(MoneyError::too_many_places);
  cents = shift < 0 ? cpp_int(cents / power) : cpp_int(cents * power);
  if (cents > Money::max_cents) return std::unexpected(MoneyError::too_large);
  return Money::from_cents(static_cast<std::int64_t>(cents));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > max_exponent / 2) return 0;  // digits alone must not outgrow the clamped power
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto money = Money::parse(text);
  switch (grammar_of(text)) {
    case Grammar::no_number:
      assert(money == std::unexpected(MoneyError::not_a_number));
      break;
    case Grammar::number:
      assert(money == exact(decimal_of(text)));
      break;
    case Grammar::unknown:
      break;
  }
  if (money) assert(Money::parse(money->to_string()) == *money);
  return 0;
}
