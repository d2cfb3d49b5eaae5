#pragma once

#include <algorithm>
#include <cstdint>

#include "store/embedded/segment.h"

// How long a new segment is. A journal begins small, so that a start has little to read and to
// write and an idle one takes little of the disk; it grows with use up to Options::segment_bytes.
// Pure.
namespace payswitch::store::embedded {

inline constexpr std::uint64_t longest_first_segment = 1ull << 20;
inline constexpr std::uint64_t first_segments_share = 32;  // of Options::segment_bytes

// On a full disk a segment is sealed in the room of a prepared one: a sealed file of few payments
// takes some pages, so no segment is shorter than that by growing.
inline constexpr std::uint64_t shortest_first_segment = 64 << 10;
static_assert(shortest_first_segment >= min_segment_bytes);

constexpr std::uint64_t first_segment_bytes(std::uint64_t most) {
  return std::clamp(most / first_segments_share / block_bytes * block_bytes,
                    std::min(shortest_first_segment, most), longest_first_segment);
}

// Made while one of `current` bytes is written to: twice as long.
constexpr std::uint64_t next_segment_bytes(std::uint64_t current, std::uint64_t most) {
  return std::min(std::max(2 * current, first_segment_bytes(most)), most);
}

}  // namespace payswitch::store::embedded
