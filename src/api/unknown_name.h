#pragma once

#include <span>
#include <string>
#include <string_view>

namespace payswitch::api {

// Bytes of an unknown name that an answer repeats: it comes from outside.
inline constexpr std::size_t max_shown_name = 64;

// The beginning of a name, cut between two characters of UTF-8.
std::string_view shown_name(std::string_view name);

// What to say of a `name` that is none of `known`: "unknown field; did you mean 'amount'?", or
// which ones there are. `kind` is "field" or "parameter".
std::string unknown_name_detail(std::string_view kind, std::string_view name,
                                std::span<const std::string_view> known);

}  // namespace payswitch::api
