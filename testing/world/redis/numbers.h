#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "testing/world/redis/sorted_set.h"

// Numbers as Redis reads and writes them.
namespace payswitch::lab {

// Exactly as it would be written: no plus, no space, no zero in front.
std::optional<std::int64_t> parse_redis_integer(std::string_view text);

// Whatever strtod reads to the end, save for NaN and what is too large.
std::optional<double> parse_redis_score(std::string_view text);

// A score, or "(" and a score; "" is 0.
std::optional<ScoreBound> parse_redis_bound(std::string_view text);

// 17 significant digits; whole numbers without a point.
std::string format_redis_double(double number);

}  // namespace payswitch::lab
