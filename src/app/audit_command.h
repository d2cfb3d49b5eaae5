#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "config/config.h"
#include "reconcile/options.h"

namespace payswitch::app {

// The flags of `payswitch audit`, and PROCESSOR_TOKEN of the environment. An error is one line for
// a person.
std::expected<reconcile::Options, std::string> read_audit_flags(
    std::span<const std::string_view> arguments, const config::Environment& environment);

std::string audit_help();

}  // namespace payswitch::app
