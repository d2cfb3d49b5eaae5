#include "testing/simulator/clean_stop.h"

#include <array>

#include "store/journal/batch.h"
#include "store/journal/segment.h"

namespace payswitch::lab::simulator {

namespace journal = store::journal;

namespace {

struct Bytes {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// Of the last batch before the last end mark in this segment.
std::optional<Bytes> batch_before_the_end_mark(const platform::Bytes& file) {
  std::optional<Bytes> before;
  std::optional<Bytes> found;
  std::uint64_t offset = journal::segment_header_bytes;
  while (const auto batch = journal::batch_at(file, offset)) {
    if (batch->record(0).type == journal::RecordType::clean_stop) found = before;
    before = Bytes{offset, batch->offset + (batch->header.record_count + 1) * journal::slot_bytes};
    offset = batch->end();
  }
  return found;
}

}  // namespace

std::optional<FlippedBit> flip_before_the_end_mark(VirtualDisk& disk, SeededRandom& random) {
  std::optional<FlippedBit> flipped;
  for (const auto& name : *disk.list()) {
    if (!journal::segment_number(name)) continue;
    const auto file = disk.content(name);
    if (!journal::batch_at(file, journal::segment_header_bytes)) continue;
    flipped.reset();  // this one is a later one
    const auto batch = batch_before_the_end_mark(file);
    if (!batch) continue;
    flipped = FlippedBit{.file = name,
                         .offset = batch->begin + random.below(batch->end - batch->begin),
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
