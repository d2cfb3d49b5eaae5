#include "store/journal/batch.h"

#define XXH_STATIC_LINKING_ONLY  // the streaming state on the stack
#include <xxhash.h>

#include <cassert>
#include <cstring>
#include <limits>

#include "store/journal/record.h"

namespace payswitch::store::journal {

namespace {

// `rest` is what follows the header, up to the end of its last block.
std::uint64_t checksum_of(const BatchHeader& header, std::span<const std::byte> rest) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, &header, offsetof(BatchHeader, checksum));
  XXH3_64bits_update(&state, rest.data(), rest.size());
  return XXH3_64bits_digest(&state);
}

}  // namespace

void BatchBuilder::add(const Record& record) {
  const auto* begin = reinterpret_cast<const std::byte*>(&record);
  bytes_.insert(bytes_.end(), begin, begin + sizeof(record));
}

std::size_t BatchBuilder::whole_payments(std::size_t count) const {
  assert(count < record_count());
  const auto continues_at = [this](std::size_t index) {
    Record record;
    std::memcpy(&record, bytes_.data() + (index + 1) * slot_bytes, sizeof(record));
    return continues(record);
  };
  while (continues_at(count)) --count;
  assert(count > 0);
  return count;
}

void BatchBuilder::split(std::size_t count, BatchBuilder& rest) {
  assert(count <= record_count());
  const auto cut = bytes_.begin() + static_cast<std::ptrdiff_t>((count + 1) * slot_bytes);
  rest.bytes_.insert(rest.bytes_.end(), cut, bytes_.end());
  bytes_.erase(cut, bytes_.end());
}

std::span<const std::byte> BatchBuilder::finish(Chain& chain, payment::UtcMs written_at) {
  assert(!empty() && record_count() <= std::numeric_limits<std::uint32_t>::max());
  BatchHeader header{.magic = batch_magic,
                     .record_count = static_cast<std::uint32_t>(record_count()),
                     .number = chain.number + 1,
                     .previous = chain.checksum,
                     .written_at = written_at.value,
                     .reserved = 0,
                     .checksum = 0};
  bytes_.resize(whole_blocks(bytes_.size()));
  header.checksum = checksum_of(header, std::span(bytes_).subspan(slot_bytes));
  std::memcpy(bytes_.data(), &header, sizeof(header));
  chain = {header.number, header.checksum};
  return bytes_;
}

Record Batch::record(std::size_t index) const {
  assert(index < header.record_count);
  Record record;
  std::memcpy(&record, records.data() + index * slot_bytes, sizeof(record));
  return record;
}

std::optional<Batch> batch_at(std::span<const std::byte> segment, std::uint64_t offset) {
  if (offset > segment.size() || segment.size() - offset < slot_bytes) return std::nullopt;
  Batch batch{.header = {}, .offset = offset, .records = {}};
  std::memcpy(&batch.header, segment.data() + offset, sizeof(batch.header));
  if (batch.header.magic != batch_magic || batch.header.record_count == 0) return std::nullopt;
  const auto size = batch_bytes(batch.header.record_count);
  if (size > segment.size() - offset) return std::nullopt;
  const auto rest = segment.subspan(offset + slot_bytes, size - slot_bytes);
  if (batch.header.checksum != checksum_of(batch.header, rest)) return std::nullopt;
  batch.records = rest.first(batch.header.record_count * slot_bytes);
  return batch;
}

}  // namespace payswitch::store::journal
