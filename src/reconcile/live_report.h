#pragma once

#include <string>
#include <string_view>

#include "reconcile/live.h"

namespace payswitch::audit {

// For a person; several lines.
std::string to_text(const LiveReport& report, std::string_view url);

// One JSON document on one line.
std::string to_json(const LiveReport& report, std::string_view url);

}  // namespace payswitch::audit
