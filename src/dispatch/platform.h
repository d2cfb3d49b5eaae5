#pragma once

#include "platform/clock.h"
#include "platform/log.h"
#include "platform/loop.h"
#include "platform/random.h"

namespace payswitch::dispatch {

// What the parts of dispatch run on; all of it outlives them.
struct Platform {
  platform::Loop& loop;
  platform::Timers& timers;
  const platform::Clock& clock;
  platform::Random& random;
  platform::Log& log;
};

}  // namespace payswitch::dispatch
