#include "text/duration.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <ranges>
#include <utility>

#include "text/number.h"

namespace payswitch::text {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest = std::chrono::hours(1'000'000);

struct Unit {
  std::string_view name;
  milliseconds length;
};

// The shortest first: "ms" also ends with "s".
constexpr std::array units{Unit{"ms", milliseconds(1)}, Unit{"s", std::chrono::seconds(1)},
                           Unit{"m", std::chrono::minutes(1)}, Unit{"h", std::chrono::hours(1)}};

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    text.remove_suffix(unit.name.size());
    const auto count = parse_scaled(text, unit.length.count());
    if (!count || milliseconds(*count) > longest) return std::nullopt;
    return milliseconds(*count);
  }
  return std::nullopt;
}

std::string format_duration(milliseconds duration) {
  if (duration == milliseconds::zero()) return "0s";
  for (const Unit& unit : units | std::views::reverse) {
    if (duration % unit.length == milliseconds::zero()) {
      return fmt::format("{}{}", duration / unit.length, unit.name);
    }
  }
  std::unreachable();  // every duration is whole milliseconds
}

std::optional<std::int64_t> parse_scaled(std::string_view text, std::int64_t scale) {
  // One less leaves room for a fraction.
  const auto max_whole =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / scale - 1);
  const std::size_t point = text.find('.');
  const auto whole = parse_number<std::uint64_t>(text.substr(0, point), 0, max_whole);
  if (!whole) return std::nullopt;
  std::int64_t result = static_cast<std::int64_t>(*whole) * scale;
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

}  // namespace payswitch::text
