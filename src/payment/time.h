#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace payswitch::payment {

// A moment of wall-clock time: milliseconds since 1970-01-01T00:00:00Z. To show and to count by,
// never to measure a span with (that is platform::Instant).
struct UtcMs {
  std::int64_t value = 0;

  static constexpr UtcMs min() { return {std::numeric_limits<std::int64_t>::min()}; }
  static constexpr UtcMs max() { return {std::numeric_limits<std::int64_t>::max()}; }

  auto operator<=>(const UtcMs&) const = default;
};

// A parsed time, rounded down to the millisecond. `exact` is false when digits other than zeros
// were cut off, so a caller can round up instead.
struct IsoTime {
  UtcMs floor;
  bool exact = true;

  UtcMs rounded_up() const { return exact ? floor : UtcMs{floor.value + 1}; }
};

// ISO 8601 / RFC 3339 date and time: "2025-07-08T12:34:56", with an optional fraction of 1 to 9
// digits and an optional zone ("Z", "+02:00", "-0300"); UTC when it names no zone. A space or 't'
// may stand for the 'T', a 'z' for the 'Z'. Seconds of 60 are refused, as are days that no calendar
// has. Years 0000 to 9999 as written; a zone may carry the moment just beyond them.
std::optional<IsoTime> parse_iso8601(std::string_view text);

// "2025-07-08T12:34:56.789Z", always with three digits. A moment outside the years 0000 to
// 9999 is written as the nearest one inside: the ends of an open window are such moments.
std::string format_iso8601(UtcMs time);
void append_iso8601(std::string& out, UtcMs time);

}  // namespace payswitch::payment
