#pragma once

#include "testing/simulator/run.h"

namespace payswitch::lab::simulator {

// Several instances on one virtual Redis, from one seed: the same seed gives the same run. The
// store's scripts are the real ones (testing/world/redis.h).
Outcome run_group(const RunOptions& options);

}  // namespace payswitch::lab::simulator
