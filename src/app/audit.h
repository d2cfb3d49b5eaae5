#pragma once

#include <ostream>

#include "reconcile/options.h"

namespace payswitch::app {

// Runs an audit to its end: the report goes to `out`, progress and what went wrong to `err`.
// Returns the process's exit code (reconcile/options.h).
int audit(const reconcile::Options& options, std::ostream& out, std::ostream& err);

}  // namespace payswitch::app
