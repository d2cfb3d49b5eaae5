#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "store/embedded/cut.h"
#include "store/journal/batch.h"
#include "store/embedded/index.h"
#include "store/archive/archive.h"
#include "store/journal/segment.h"
#include "store/options.h"
#include "platform/clock.h"
#include "platform/disk.h"
#include "platform/log.h"

namespace payswitch::store::embedded {

// Where the journal goes on.
struct JournalStart {
  Chain chain;
  Segment segment;                // the one that is written to
  std::uint64_t offset = 0;       // where its next group goes
  std::vector<Segment> prepared;  // the ones after it, in their order, zeros behind their headers
  std::uint64_t records = 0;      // that were ever written, the sealed ones included
  SegmentBegin begin;             // of `segment`
  std::uint64_t dropped_groups = 0;  // behind a gap (durability `os`)
};

// Reads the journal, from the first segment that is not sealed, into `index`; removes the segments
// that are; takes what is configured (configured.h), and
// makes durable what it read (PROTOCOL 4.3): when it returns, nothing that the index holds can be
// taken back by a power cut. Blocks.
std::expected<JournalStart, RefusedStart> recover(const Options& options, world::Disk& disk,
                                                  const world::Clock& clock, world::Log& log,
                                                  const SealedBooks& sealed, Index& index);

}  // namespace payswitch::store::embedded
