#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "world/clock.h"
#include "world/disk.h"

namespace payswitch::store {

struct Options {
  world::Durability durability = world::Durability::fsync;
  std::uint64_t segment_bytes = 32ull << 20;   // of one journal segment, header included
  std::uint64_t max_group_bytes = 4ull << 20;  // of one group: one write, one sync
  // How long a record that nobody waits for may wait for company: it then shares a sync.
  world::Duration linger = std::chrono::milliseconds(10);
  bool sealing = true;                  // false: segments are kept for ever
  std::vector<std::string> processors;  // configured names, in their order
};

}  // namespace payswitch::store
