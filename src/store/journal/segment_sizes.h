#pragma once

#include <algorithm>
#include <cstdint>

#include "store/journal/segment.h"

// How long a new segment is. A journal begins small, so that a start has little to read and to
// write and an idle one takes little of the disk; it grows with use up to Options::segment_bytes.
// Pure.
namespace payswitch::store::journal {

inline constexpr std::uint64_t longest_first_segment = 1ull << 20;

constexpr std::uint64_t first_segment_bytes(std::uint64_t most) {
  return std::min(most, longest_first_segment);
}

// Made while one of `current` bytes is written to: twice as long.
constexpr std::uint64_t next_segment_bytes(std::uint64_t current, std::uint64_t most) {
  return std::min(std::max(2 * current, first_segment_bytes(most)), most);
}

}  // namespace payswitch::store::journal
