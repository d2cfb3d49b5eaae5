#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace payswitch::lab {

// The value of the first parameter of that name in "a=1&b=2", percent-decoded; a '+' stays one,
// since times with a zone are sent like that. nullopt when it is not there.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace payswitch::lab
