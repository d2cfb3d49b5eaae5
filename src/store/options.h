#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "world/disk.h"

namespace payswitch::store {

struct Options {
  world::Durability durability = world::Durability::fsync;
  std::uint64_t segment_bytes = 32ull << 20;   // of one journal segment, header included
  std::uint64_t max_group_bytes = 4ull << 20;  // of one group: one write, one sync
  std::vector<std::string> processors;         // configured names, in their order
};

}  // namespace payswitch::store
