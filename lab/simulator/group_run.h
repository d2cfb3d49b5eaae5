#pragma once

#include "lab/simulator/run.h"

namespace payswitch::lab::simulator {

// Several instances on one virtual Redis, from one seed: the same seed gives the same run. The
// store's scripts are the real ones (lab/world/redis.h).
Outcome run_group(const RunOptions& options);

}  // namespace payswitch::lab::simulator
