#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace payswitch::payment {

// A span of time as people write it: a number and ms, s, m or h ("250ms", "1.5s"), of whole
// milliseconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// "12.5" in units of 1/scale, a power of ten times a whole number: exact or nothing, never rounded.
// Digits and at most one point; up to 1,000,000,000 before it.
std::optional<std::int64_t> parse_scaled(std::string_view text, std::int64_t scale);

}  // namespace payswitch::payment
