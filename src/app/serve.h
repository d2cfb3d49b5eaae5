#pragma once

#include <string_view>

#include "config/config.h"

namespace payswitch::app {

// Runs the switch until a signal ends it. Returns the process's exit code: 0 after SIGTERM or
// SIGINT, 2 when it cannot start (one line on standard error says why).
int serve(const config::Config& config, std::string_view version);

}  // namespace payswitch::app
