#pragma once

#include <cstdint>

#include "metrics/histogram.h"

namespace payswitch::redis {

// The commands of the hand-shake count too.
struct Counters {
  std::uint64_t commands = 0;   // written
  std::uint64_t replies = 0;    // errors included
  std::uint64_t not_sent = 0;   // refused at once, or cut before they were written
  std::uint64_t maybe_ran = 0;  // cut after their write was started
  std::uint64_t writes = 0;     // to the socket: commands of one turn share one
  std::uint64_t connects = 0;
  std::uint64_t connect_failures = 0;
  bool connected = false;
  metrics::Histogram answer;  // from the call to its reply
};

}  // namespace payswitch::redis
