#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/embedded/replay.h"
#include "store/journal/journal_bytes_fixture.h"

namespace payswitch::store::embedded {

using journal::JournalBytes;
inline constexpr std::size_t size = JournalBytes::segment_bytes;

// What a replay makes of a journal.
struct Outcome {
  std::string error;  // empty: none
  std::uint64_t payments = 0;
  journal::Chain chain;
  journal::Segment last;
  std::uint64_t end = 0;
  std::vector<Replay::Unused> unused;
  std::optional<Replay::Place> tear;
  Replay::Dropped dropped;
  std::optional<Cut> cut;
  bool ends_with_a_clean_stop = false;
};

inline Outcome replay(const JournalBytes& journal) {
  Counters counters;
  Index index(counters);
  Replay replay(index);
  Outcome outcome;
  for (std::size_t i = 0; i < journal.files.size() && outcome.error.empty(); ++i) {
    if (auto read = replay.read(journal.files[i], i + 1); !read) outcome.error = read.error();
  }
  outcome.payments = counters.open();
  outcome.chain = replay.chain();
  outcome.last = replay.last();
  outcome.end = replay.end();
  outcome.unused = replay.unused();
  outcome.tear = replay.tear();
  outcome.dropped = replay.dropped();
  outcome.cut = replay.cut();
  outcome.ends_with_a_clean_stop = replay.ends_with_a_clean_stop();
  return outcome;
}

}  // namespace payswitch::store::embedded
