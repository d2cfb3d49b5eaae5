#include "config/read_value.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <optional>
#include <string_view>

#include "text/duration.h"
#include "text/number.h"

namespace payswitch::config {
namespace {

constexpr std::int64_t ppm = 1'000'000;

std::unexpected<std::string> wanted(const Value& value, const std::string& form) {
  return std::unexpected(fmt::format("{} is not {}", shown(value), form));
}

// The text of a value for which quotes are optional or usual.
const std::string* text_of(const Value& value) {
  if (const auto* untyped = std::get_if<Untyped>(&value)) return &untyped->text;
  return std::get_if<std::string>(&value);
}

// The number that a TOML number or an untyped text stands for.
std::optional<double> number_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto* untyped = std::get_if<Untyped>(&value);
  if (untyped == nullptr) return std::nullopt;
  return text::parse_number<double>(untyped->text);
}

}  // namespace

std::string shown(const Value& value) {
  struct Show {
    std::string operator()(const Untyped& untyped) const {
      return fmt::format("'{}'", untyped.text);
    }
    std::string operator()(const std::string& text) const { return fmt::format("'{}'", text); }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const Unusable& unusable) const { return unusable.kind; }
  };
  return std::visit(Show{}, value);
}

std::expected<std::string, std::string> read_text(const Value& value) {
  if (const std::string* text = text_of(value)) return *text;
  return std::unexpected(fmt::format("{} is not a string in quotes", shown(value)));
}

std::expected<std::uint64_t, std::string> read_count(const Value& value, std::uint64_t min,
                                                     std::uint64_t max) {
  std::optional<std::uint64_t> count;
  if (const auto* untyped = std::get_if<Untyped>(&value))
    count = text::parse_number<std::uint64_t>(untyped->text);
  if (const auto* integer = std::get_if<std::int64_t>(&value);
      integer != nullptr && *integer >= 0) {
    count = static_cast<std::uint64_t>(*integer);
  }
  if (!count || *count < min || *count > max) return wanted(value, count_form(min, max));
  return *count;
}

std::expected<platform::Duration, std::string> read_duration(const Value& value,
                                                             platform::Duration min,
                                                             platform::Duration max) {
  const std::string* text = text_of(value);
  const auto duration = text != nullptr ? text::parse_duration(*text) : std::nullopt;
  if (!duration || *duration < min || *duration > max) {
    return wanted(value, duration_form(min, max));
  }
  return *duration;
}

std::expected<double, std::string> read_share(const Value& value) {
  const auto number = number_of(value);
  if (!number || !(*number > 0 && *number <= 1)) return wanted(value, share_form());
  return *number;
}

std::expected<std::int64_t, std::string> read_fee_ppm(const Value& value) {
  std::optional<std::int64_t> fee;
  if (const std::string* text = text_of(value)) {
    fee = text::parse_scaled(*text, ppm);
  } else if (const auto number = number_of(value); number && *number >= 0 && *number <= 1) {
    // TOML numbers come as doubles: the nearest part per million is meant, when there is one.
    const double scaled = *number * static_cast<double>(ppm);
    const std::int64_t nearest = std::llround(scaled);
    if (std::abs(scaled - static_cast<double>(nearest)) <= 1e-9) fee = nearest;
  }
  if (!fee || *fee > ppm) return wanted(value, fee_form());
  return *fee;
}

std::string show_duration(platform::Duration duration) {
  return text::format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(duration));
}

std::string format_fee(std::int64_t fee_ppm) {
  std::string text = fmt::format("{}.{:06}", fee_ppm / ppm, fee_ppm % ppm);
  while (text.ends_with('0') && !text.ends_with(".0")) text.pop_back();
  return text;
}

std::string count_form(std::uint64_t min, std::uint64_t max) {
  return fmt::format("a whole number from {} to {}", min, max);
}

std::string duration_form(platform::Duration min, platform::Duration max) {
  return fmt::format("a duration (a number and ms, s, m or h) from {} to {}", show_duration(min),
                     show_duration(max));
}

std::string share_form() {
  return "a number above 0 and up to 1";
}

std::string fee_form() {
  return "a number from 0 to 1 with at most six decimal places";
}

}  // namespace payswitch::config
