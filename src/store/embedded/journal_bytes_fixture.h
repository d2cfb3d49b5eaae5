#pragma once

#include <gmock/gmock.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "store/embedded/replay.h"
#include "store/journal/record.h"
#include "store/samples_fixture.h"

// A journal as bytes, and what a replay makes of it.
namespace payswitch::store::embedded {

using Bytes = std::vector<std::byte>;

inline constexpr std::size_t size = 8192;

// A journal as byte strings, built with the writer's side.
class JournalBytes {
 public:
  explicit JournalBytes(journal::Segment like = {}) : like_(like) { new_segment(); }

  void new_segment() {
    like_.number = files.size() + 1;
    like_.size = size;
    const auto header = journal::make_segment_header(like_);
    Bytes file(size);
    std::memcpy(file.data(), &header, sizeof(header));
    files.push_back(std::move(file));
    offset = journal::segment_header_bytes;
  }

  // Acceptances; the offset of the batch.
  std::uint64_t add_batch(std::uint32_t records = 1) {
    journal::BatchBuilder buffer;
    for (std::uint32_t i = 0; i < records; ++i)
      buffer.add(journal::accepted_record(acceptance(++payments)));
    return add(buffer);
  }

  std::uint64_t add_batch_of(const journal::Record& record) {
    journal::BatchBuilder buffer;
    buffer.add(record);
    return add(buffer);
  }

  std::uint64_t add(journal::BatchBuilder& buffer) {
    const auto bytes = buffer.finish(chain, at(0));
    std::memcpy(files.back().data() + offset, bytes.data(), bytes.size());
    const auto begin = offset;
    offset += bytes.size();
    return begin;
  }

  void zero(std::size_t file, std::uint64_t from, std::uint64_t length) {
    std::memset(files[file].data() + from, 0, length);
  }

  void flip(std::size_t file, std::uint64_t at) { files[file][at] ^= std::byte{0x10}; }

  std::vector<Bytes> files;
  journal::Chain chain;
  std::uint64_t offset = 0;
  std::uint32_t payments = 0;

 private:
  journal::Segment like_;
};

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
