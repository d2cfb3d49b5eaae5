#pragma once

#include <string>
#include <string_view>

#include "reconcile/reconciler.h"

namespace payswitch::reconcile {

// For a person; several lines.
std::string to_text(const Report& report, std::string_view url);

// One JSON document on one line.
std::string to_json(const Report& report, std::string_view url);

}  // namespace payswitch::reconcile
