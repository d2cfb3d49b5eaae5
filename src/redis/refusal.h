#pragma once

#include <string_view>

namespace payswitch::redis {

// Whether an error of Redis speaks of how we are configured (user, password, rights, database), so
// that waiting does not mend it. What it says while it loads, follows a master or is full is none.
bool is_final(std::string_view error);

}  // namespace payswitch::redis
