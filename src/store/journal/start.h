#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "store/journal/batch.h"
#include "store/journal/segment.h"

namespace payswitch::store::journal {

// Where a segment of the journal begins.
struct SegmentBegin {
  std::uint64_t segment = 0;
  std::uint64_t first_sequence = 0;  // the place of its first record
  Chain chain;                       // the batch before it
};

// Where the journal goes on.
struct Start {
  Chain chain;
  Segment segment;                // the one that is written to
  std::uint64_t offset = 0;       // where its next batch goes
  std::vector<Segment> prepared;  // the ones after it, in their order, zeros after their headers
  std::uint64_t records = 0;      // that were ever written, the archived ones included
  SegmentBegin begin;             // of `segment`
  std::uint64_t dropped_batches = 0;  // after a gap (durability `os`)
};

// Called when the journal cannot be written or synced any more. Nothing that was not acknowledged
// may be acknowledged after it: the app ends the process (PROTOCOL 4.4).
using Fatal = std::move_only_function<void(const std::string& line)>;

}  // namespace payswitch::store::journal
