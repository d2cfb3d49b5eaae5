// Times, against Howard Hinnant's date library. It reads more forms than we do (24:00, a second
// 60), so a pattern says which ones are ours; what they mean, and whether there is such a day, it
// says.
#include "payment/time.h"

#include <date/date.h>

#include <cassert>
#include <optional>
#include <regex>
#include <sstream>
#include <string>

namespace {

using payswitch::payment::format_iso8601;
using payswitch::payment::IsoTime;
using payswitch::payment::parse_iso8601;
using payswitch::payment::UtcMs;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;

// Nanoseconds of the years 0 to 9999 need more than 64 bits.
using Wide = std::chrono::duration<__int128, std::nano>;

template <class T>
std::optional<T> read(const std::string& text, const char* format) {
  T value;
  std::istringstream stream(text);
  stream >> date::parse(format, value);
  if (stream.fail() || stream.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
  return value;
}

std::optional<minutes> zone_of(const std::string& text) {
  if (text.empty() || text == "Z" || text == "z") return minutes(0);
  const auto hours = read<std::chrono::hours>(text.substr(1, 2), "%H");
  const auto rest = read<minutes>(text.substr(text.size() - 2), "%M");
  if (!hours || !rest) return std::nullopt;
  return text.front() == '-' ? -(*hours + *rest) : *hours + *rest;
}

std::optional<IsoTime> expected(const std::string& text) {
  static const std::regex ours(
      R"((\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d{1,9})?)"
      R"(([Zz]|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)");
  std::smatch parts;
  if (!std::regex_match(text, parts, ours)) return std::nullopt;
  const auto day = read<date::sys_days>(parts[1], "%F");
  const auto clock = read<std::chrono::seconds>(parts[2], "%T");
  const auto zone = zone_of(parts[4]);
  if (!day || !clock || !zone) return std::nullopt;
  std::string digits = parts[3].matched ? parts[3].str().substr(1) : "";
  digits.resize(9, '0');
  const Wide moment =
      Wide(day->time_since_epoch()) + Wide(*clock) - Wide(*zone) + nanoseconds(std::stoll(digits));
  const auto floor = date::floor<milliseconds>(moment);
  return IsoTime{.floor = {static_cast<std::int64_t>(floor.count())}, .exact = floor == moment};
}

void expect_same_text(UtcMs time) {
  const std::string text = format_iso8601(time);
  const date::sys_time<milliseconds> moment{milliseconds(time.value)};
  assert(text == date::format("%FT%TZ", moment));
  const auto again = parse_iso8601(text);
  assert(again && again->floor == time && again->exact);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64) return 0;  // no form is longer; std::regex recurses
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto time = parse_iso8601(text);
  const auto other = expected(text);
  assert(time.has_value() == other.has_value());
  if (!time) return 0;
  assert(time->floor == other->floor && time->exact == other->exact);
  constexpr UtcMs first{-62'167'219'200'000};
  constexpr UtcMs last{253'402'300'799'999};
  if (time->floor >= first && time->floor <= last) expect_same_text(time->floor);
  return 0;
}
