#include "testing/simulator/clean_stop.h"

#include <array>

#include "store/journal/batch.h"
#include "store/journal/segment.h"

namespace payswitch::lab::simulator {

using namespace store::embedded;

namespace {

struct Bytes {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// Of the last group before the last end mark in this segment.
std::optional<Bytes> group_before_the_end_mark(const platform::Bytes& file) {
  std::optional<Bytes> before;
  std::optional<Bytes> found;
  std::uint64_t offset = segment_header_bytes;
  while (const auto group = group_at(file, offset)) {
    if (group->record(0).type == RecordType::clean_stop) found = before;
    before = Bytes{offset, group->offset + (group->header.record_count + 1) * slot_bytes};
    offset = group->end();
  }
  return found;
}

}  // namespace

std::optional<FlippedBit> flip_before_the_end_mark(VirtualDisk& disk, SeededRandom& random) {
  std::optional<FlippedBit> flipped;
  for (const auto& name : *disk.list()) {
    if (!segment_number(name)) continue;
    const auto file = disk.content(name);
    if (!group_at(file, segment_header_bytes)) continue;
    flipped.reset();  // this one is a later one
    const auto group = group_before_the_end_mark(file);
    if (!group) continue;
    flipped = FlippedBit{.file = name,
                         .offset = group->begin + random.below(group->end - group->begin),
                         .bit = static_cast<std::byte>(1u << random.below(8))};
  }
  if (flipped) flip(disk, *flipped);
  return flipped;
}

void flip(VirtualDisk& disk, const FlippedBit& flipped) {
  const std::array<std::byte, 1> byte{disk.content(flipped.file).at(flipped.offset) ^ flipped.bit};
  disk.overwrite(flipped.file, flipped.offset, byte);
}

}  // namespace payswitch::lab::simulator
