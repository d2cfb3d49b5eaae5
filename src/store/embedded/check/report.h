#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/embedded/check/directory_check.h"

namespace payswitch::store::embedded::check {

// What is unanswered at processors that are not among `configured`.
std::vector<UnaskedAt> unasked_of(const Report& report, const std::vector<std::string>& configured);

// For a person; several lines.
std::string to_text(const Report& report, std::string_view directory);

// One JSON document on one line.
std::string to_json(const Report& report, std::string_view directory);

}  // namespace payswitch::store::embedded::check
