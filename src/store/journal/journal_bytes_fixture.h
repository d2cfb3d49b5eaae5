#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "store/journal/batch.h"
#include "store/journal/record.h"
#include "store/journal/segment.h"
#include "store/samples_fixture.h"

namespace payswitch::store::journal {

// A journal as byte strings, built with the writer's side.
class JournalBytes {
 public:
  using Bytes = std::vector<std::byte>;
  static constexpr std::size_t segment_bytes = 8192;

  explicit JournalBytes(Segment like = {}) : like_(like) { new_segment(); }

  void new_segment() {
    like_.number = files.size() + 1;
    like_.size = segment_bytes;
    const auto header = make_segment_header(like_);
    Bytes file(segment_bytes);
    std::memcpy(file.data(), &header, sizeof(header));
    files.push_back(std::move(file));
    offset = segment_header_bytes;
  }

  // Acceptances; the offset of the batch.
  std::uint64_t add_batch(std::uint32_t records = 1) {
    BatchBuilder buffer;
    for (std::uint32_t i = 0; i < records; ++i) buffer.add(accepted_record(acceptance(++payments)));
    return add(buffer);
  }

  std::uint64_t add_batch_of(const Record& record) {
    BatchBuilder buffer;
    buffer.add(record);
    return add(buffer);
  }

  std::uint64_t add(BatchBuilder& buffer) {
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
  Chain chain;
  std::uint64_t offset = 0;
  std::uint32_t payments = 0;

 private:
  Segment like_;
};

}  // namespace payswitch::store::journal
