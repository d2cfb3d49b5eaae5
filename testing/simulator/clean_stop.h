#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "testing/world/disk.h"

// What a disk may do to a journal that a clean stop has ended.
namespace payswitch::lab::simulator {

struct FlippedBit {
  std::string file;
  std::uint64_t offset = 0;
  std::byte bit{};
};

// Flips a bit in the last group before the end mark. None: the journal has no end mark, or nothing
// before it in its last segment.
std::optional<FlippedBit> flip_before_the_end_mark(VirtualDisk& disk, SeededRandom& random);

// Once more, and it is as it was.
void flip(VirtualDisk& disk, const FlippedBit& flipped);

}  // namespace payswitch::lab::simulator
