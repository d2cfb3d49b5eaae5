#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "config/setting.h"
#include "platform/clock.h"

// Reads one value as one kind of option. Errors say what was found and what is wanted, and leave
// the option's name and place to the caller.
namespace payswitch::config {

std::expected<std::string, std::string> read_text(const Value& value);

// A whole number within [min, max].
std::expected<std::uint64_t, std::string> read_count(const Value& value, std::uint64_t min,
                                                     std::uint64_t max);

// A number and ms, s, m or h ("250ms", "1.5s"), of whole milliseconds, within [min, max].
std::expected<platform::Duration, std::string> read_duration(const Value& value,
                                                             platform::Duration min,
                                                             platform::Duration max);

// A share above 0 and up to 1.
std::expected<double, std::string> read_share(const Value& value);

// A fee between 0 and 1, exact to parts per million: 0.05 is 50,000.
std::expected<std::int64_t, std::string> read_fee_ppm(const Value& value);

// "5s", "250ms"
std::string show_duration(platform::Duration duration);

// "0.05"
std::string format_fee(std::int64_t ppm);

// What the readers want, for help and errors: "a whole number from 1 to 65535".
std::string count_form(std::uint64_t min, std::uint64_t max);
std::string duration_form(platform::Duration min, platform::Duration max);
std::string share_form();
std::string fee_form();

}  // namespace payswitch::config
