#pragma once

#include <boost/align/aligned_allocator.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "payment/time.h"
#include "store/journal/format.h"

// One batch as bytes: the writer's side and the reader's side of it. Pure.
namespace payswitch::store::journal {

// Where the log ends: the last batch that belongs to it. Number 0: none yet.
struct Chain {
  std::uint64_t number = 0;
  std::uint64_t checksum = 0;
};

// What a batch of so many records takes in a segment.
constexpr std::uint64_t batch_bytes(std::uint64_t record_count) {
  return whole_blocks((record_count + 1) * slot_bytes);
}

// The most records that fit into that many bytes, a whole number of blocks.
constexpr std::uint64_t records_that_fit(std::uint64_t bytes) {
  return bytes / slot_bytes - 1;
}

// Gathers records after a header that is filled in last. The memory is kept when it is cleared,
// and is aligned as a write past the page cache wants it.
class BatchBuilder {
 public:
  BatchBuilder() : bytes_(slot_bytes) {}

  void add(const Record& record);
  void clear() { bytes_.resize(slot_bytes); }

  // Not after finish().
  std::size_t record_count() const { return bytes_.size() / slot_bytes - 1; }
  bool empty() const { return record_count() == 0; }

  // The most records, `count` at most and less than there are, that can be split off without taking
  // a payment apart that is carried forward.
  std::size_t whole_payments(std::size_t count) const;

  // Moves the records after the first `count` to the end of `rest`.
  void split(std::size_t count, BatchBuilder& rest);

  // Makes it the batch that follows `chain`, in whole blocks, and moves `chain` on to it. At least
  // one record; clear() comes next.
  std::span<const std::byte> finish(Chain& chain, payment::UtcMs written_at);

 private:
  static constexpr std::size_t alignment = 4096;
  std::vector<std::byte, boost::alignment::aligned_allocator<std::byte, alignment>> bytes_;
};

// An intact batch in a segment: its magic, size and checksum are right. Whether it belongs to the
// log is for the chain to say.
struct Batch {
  BatchHeader header;
  std::uint64_t offset = 0;            // of the header in the segment
  std::span<const std::byte> records;  // header.record_count slots

  std::uint64_t end() const { return offset + batch_bytes(header.record_count); }  // of its blocks
  Record record(std::size_t index) const;
};

// nullopt: no intact batch begins at that offset.
std::optional<Batch> batch_at(std::span<const std::byte> segment, std::uint64_t offset);

}  // namespace payswitch::store::journal
