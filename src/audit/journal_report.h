#pragma once

#include <string>
#include <string_view>

#include "audit/offline.h"

namespace payswitch::audit {

// For a person; several lines.
std::string to_text(const JournalReport& report, std::string_view directory);

// One JSON document on one line.
std::string to_json(const JournalReport& report, std::string_view directory);

}  // namespace payswitch::audit
