#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace payswitch::text {

// A span of time as people write it: a number and ms, s, m or h ("250ms", "1.5s"), of whole
// milliseconds, up to a million hours: so it can be counted in nanoseconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// "5s", "250ms": in the largest unit that says it without a fraction.
std::string format_duration(std::chrono::milliseconds duration);

// "12.5" in units of 1/scale, a power of ten times a whole number: exact or nothing, never rounded.
// Digits and at most one point; nothing that does not fit.
std::optional<std::int64_t> parse_scaled(std::string_view text, std::int64_t scale);

}  // namespace payswitch::text
