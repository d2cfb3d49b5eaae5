#pragma once

#include <string>
#include <string_view>

namespace payswitch::audit {

// As a JSON string.
std::string quoted(std::string_view text);

}  // namespace payswitch::audit
