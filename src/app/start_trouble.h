#pragma once

#include <string>
#include <system_error>

namespace payswitch::app {

// Why the switch cannot start, in one line for a person: what the system refused us, and which
// limit says so.
std::string start_trouble(const std::error_code& error);

}  // namespace payswitch::app
