#include "testing/world/redis/numbers.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "text/number.h"

namespace payswitch::lab {

namespace {

// Beyond it a whole number no longer has 17 digits.
constexpr double largest_written_whole = 1e15;

struct Read {
  double number = 0;
  bool to_the_end = false;
  bool in_range = true;
};

Read read_double(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  const double number = std::strtod(copy.c_str(), &end);
  const bool in_range =
      errno != ERANGE || (std::abs(number) != HUGE_VAL && std::fpclassify(number) != FP_ZERO);
  return {number, end == copy.c_str() + copy.size(), in_range};
}

}  // namespace

std::optional<std::int64_t> parse_redis_integer(std::string_view text) {
  const bool has_zero_in_front = text.size() > 1 && (text[0] == '0' || text.starts_with("-0"));
  return has_zero_in_front ? std::nullopt : text::parse_number<std::int64_t>(text);
}

std::optional<double> parse_redis_score(std::string_view text) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text[0]))) return std::nullopt;
  const Read read = read_double(text);
  if (!read.to_the_end || !read.in_range || std::isnan(read.number)) return std::nullopt;
  return read.number;
}

std::optional<ScoreBound> parse_redis_bound(std::string_view text) {
  ScoreBound bound;
  bound.is_exclusive = text.starts_with("(");
  const Read read = read_double(text.substr(bound.is_exclusive));
  if (!read.to_the_end || std::isnan(read.number)) return std::nullopt;
  bound.score = read.number;
  return bound;
}

std::string format_redis_double(double number) {
  std::array<char, 32> text;
  if (std::abs(number) < largest_written_whole && number == std::trunc(number) &&
      (number != 0 || !std::signbit(number))) {
    const auto whole = static_cast<std::int64_t>(number);
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), whole).ptr};
  }
  const int size = std::snprintf(text.data(), text.size(), "%.17g", number);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace payswitch::lab
