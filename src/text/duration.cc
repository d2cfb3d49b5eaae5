#include "text/duration.h"

#include <array>
#include <charconv>

namespace payswitch::payment {

namespace {

struct Unit {
  std::string_view name;
  std::chrono::milliseconds length;
};

// "ms" stands before "s", which it ends with.
constexpr std::array units{Unit{"ms", std::chrono::milliseconds(1)},
                           Unit{"s", std::chrono::seconds(1)}, Unit{"m", std::chrono::minutes(1)},
                           Unit{"h", std::chrono::hours(1)}};

std::optional<std::int64_t> parse_digits(std::string_view text) {
  std::int64_t number = 0;
  if (text.starts_with('-')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    text.remove_suffix(unit.name.size());
    const auto count = parse_scaled(text, unit.length.count());
    return count ? std::optional(std::chrono::milliseconds(*count)) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_scaled(std::string_view text, std::int64_t scale) {
  constexpr std::int64_t max_whole = 1'000'000'000;
  const std::size_t point = text.find('.');
  const auto whole = parse_digits(text.substr(0, point));
  if (!whole || *whole > max_whole) return std::nullopt;
  std::int64_t result = *whole * scale;
  if (point == std::string_view::npos) return result;
  const std::string_view digits = text.substr(point + 1);
  if (digits.empty()) return std::nullopt;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    if (digit != '0' && scale % 10 != 0) return std::nullopt;
    scale /= 10;
    result += (digit - '0') * scale;
  }
  return result;
}

}  // namespace payswitch::payment
