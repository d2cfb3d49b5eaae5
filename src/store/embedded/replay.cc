#include "store/embedded/replay.h"

#include <fmt/format.h>

#include <cassert>
#include <cstring>

#include "store/embedded/record.h"

namespace payswitch::store::embedded {

namespace {

bool only_zeros(std::span<const std::byte> bytes) {
  if (bytes.empty()) return true;
  return bytes[0] == std::byte{0} && std::memcmp(&bytes[0], &bytes[0] + 1, bytes.size() - 1) == 0;
}

std::string damaged(std::uint64_t segment, std::uint64_t offset, std::string_view why) {
  return fmt::format("{} is damaged at offset {}: {}", segment_name(segment), offset, why);
}

}  // namespace

Replay::Replay(Index& index, const SealInfo& sealed)
    : index_(index),
      first_(sealed.last_segment + 1),
      chain_(sealed.chain),
      records_(sealed.records),
      last_{.number = sealed.last_segment, .size = 0} {}

std::expected<void, std::string> Replay::read(std::span<const std::byte> file,
                                              std::uint64_t number) {
  const std::uint64_t expected = last_.number + unused_.size() + 1;
  if (number != expected) {
    return std::unexpected(fmt::format("{} is missing, but {} is there", segment_name(expected),
                                       segment_name(number)));
  }
  const auto segment = check_segment(file, number);
  if (!segment) {
    return std::unexpected(fmt::format("{} {}", segment_name(number), segment.error()));
  }
  std::uint64_t end = segment_header_bytes;
  Place stopped_at{last_.number, end_};
  if (!stopped_) {
    const SegmentBegin begin{.segment = number, .first_sequence = records_ + 1, .chain = chain_};
    if (number == first_ || group_continues(file)) index_.begin_segment(begin);
    const auto followed = follow(file, number);
    if (!followed) return std::unexpected(followed.error());
    end = *followed;
    stopped_at = {number, end};
  }
  const bool holds_groups = end > segment_header_bytes;
  const bool clean = only_zeros(file.subspan(end));
  if (!clean) {
    if (auto searched = search_behind(file, number, end, stopped_at); !searched) return searched;
    if (!tear_) tear_ = Place{number, end};
  }
  if (holds_groups || number == first_) {
    last_ = *segment;
    end_ = end;
    stopped_ = !clean;
  } else {
    unused_.push_back({*segment, clean});
    stopped_ = true;
  }
  return {};
}

// Takes every group that continues the chain; the offset behind the last one.
std::expected<std::uint64_t, std::string> Replay::follow(std::span<const std::byte> file,
                                                         std::uint64_t number) {
  std::uint64_t end = segment_header_bytes;
  while (const auto group = group_at(file, end)) {
    if (!continues_chain(*group)) break;
    if (auto taken = take(*group, number); !taken) return std::unexpected(taken.error());
    chain_ = {group->header.number, group->header.checksum};
    end = group->end();
  }
  return end;
}

bool Replay::continues_chain(const IntactGroup& group) const {
  return group.header.number == chain_.number + 1 && group.header.previous == chain_.checksum;
}

bool Replay::group_continues(std::span<const std::byte> file) const {
  const auto group = group_at(file, segment_header_bytes);
  return group && continues_chain(*group);
}

Replay::Line Replay::take(const IntactGroup& group, std::uint64_t segment) {
  for (std::uint32_t i = 0; i < group.header.record_count; ++i) {
    const Record record = group.record(i);
    const auto offset = group.offset + (i + 1) * slot_bytes;
    const char* fault = fault_of(record);
    if (fault == nullptr) fault = apply(record, {segment, offset});
    if (fault == nullptr) continue;
    if (!index_.damage().empty()) return std::unexpected(index_.damage());
    return std::unexpected(
        damaged(segment, offset, fmt::format("{} (payment {})", fault, id_of(record).to_string())));
  }
  return {};
}

// Records between a payment's acceptance, which went with its segment, and its copy say nothing
// that the copy does not say; but the copy must be there.
const char* Replay::apply(const Record& record, const Place& place) {
  const Applied applied = index_.apply(record, ++records_);
  if (applied.awaits_copy) awaited_.try_emplace(id_of(record), place);
  if (record.type == RecordType::copied) awaited_.erase(id_of(record));
  return applied.contradiction;
}

std::expected<void, std::string> Replay::finish() const {
  if (awaited_.empty()) return {};
  const auto& [id, place] = *awaited_.begin();
  return std::unexpected(damaged(
      place.segment, place.offset,
      fmt::format("a record of a payment that was never accepted (payment {})", id.to_string())));
}

// Behind the end of the log nothing may follow that was written later (PROTOCOL 4.2).
Replay::Line Replay::search_behind(std::span<const std::byte> file, std::uint64_t number,
                                   std::uint64_t offset, const Place& stopped_at) {
  for (; offset + slot_bytes <= file.size(); offset += block_bytes) {
    const auto group = group_at(file, offset);
    if (!group || group->header.number <= chain_.number) continue;
    const Place& place = tear_ ? *tear_ : stopped_at;
    return std::unexpected(damaged(
        place.segment, place.offset,
        fmt::format("group {} is not readable there, but group {} follows at offset {} of {}",
                    chain_.number + 1, group->header.number, offset, segment_name(number))));
  }
  return {};
}

}  // namespace payswitch::store::embedded
