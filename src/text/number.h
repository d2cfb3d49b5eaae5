#pragma once

#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

namespace payswitch::text {

// Takes the decimal number that `text` begins with: digits, with a minus before them where Number
// has a sign. Nothing is taken where none is, or where it is beyond Number.
template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>)
std::optional<Number> take_number(std::string_view& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  text = {stop, end};
  return number;
}

// The whole of `text` as a number from `least` to `most`. Nothing for an empty text, for a plus,
// for white space, for anything behind the digits ("1a"), and for what is beyond Number. Zeros in
// front change nothing. A floating-point number may have a fraction and an exponent, and is finite.
template <class Number>
std::optional<Number> parse_number(std::string_view text,
                                   Number least = std::numeric_limits<Number>::lowest(),
                                   Number most = std::numeric_limits<Number>::max()) {
  const auto number = take_number<Number>(text);
  if (!number || !text.empty()) return std::nullopt;
  const bool is_within = *number >= least && *number <= most;  // false for a NaN
  return is_within ? number : std::nullopt;
}

}  // namespace payswitch::text
