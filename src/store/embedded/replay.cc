#include "store/embedded/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "store/journal/record.h"

namespace payswitch::store::embedded {

namespace {

bool only_zeros(std::span<const std::byte> bytes) {
  if (bytes.empty()) return true;
  return bytes[0] == std::byte{0} && std::memcmp(&bytes[0], &bytes[0] + 1, bytes.size() - 1) == 0;
}

bool follows(const IntactGroup& group, const Chain& chain) {
  return group.header.number == chain.number + 1 && group.header.previous == chain.checksum;
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

// Where the log ends, as far as it was read.
Cut Replay::cut_at_the_end() const {
  const Place place = tear_.value_or(Place{last_.number, end_});
  return {.segment = place.segment, .offset = place.offset, .chain = chain_};
}

// Of a segment that cannot be what its name says the groups may be whole all the same.
std::unexpected<std::string> Replay::refuse_segment(std::span<const std::byte> file,
                                                    std::uint64_t number, const std::string& why) {
  if (stopped_) {
    cut_ = cut_at_the_end();
  } else if (!is_of_another_format(file)) {
    Cut cut{.segment = number, .offset = segment_header_bytes, .chain = chain_};
    while (const auto group = group_at(file, cut.offset)) {
      if (!follows(*group, cut.chain)) break;
      cut.chain = {group->header.number, group->header.checksum};
      cut.offset = group->end();
    }
    cut_ = cut;
  }
  return std::unexpected(fmt::format("{} {}", segment_name(number), why));
}

std::expected<void, std::string> Replay::read(std::span<const std::byte> file,
                                              std::uint64_t number) {
  const std::uint64_t expected = last_.number + unused_.size() + 1;
  if (number != expected) {
    cut_ = stopped_ ? cut_at_the_end()
                    : Cut{.segment = expected, .offset = segment_header_bytes, .chain = chain_};
    return std::unexpected(fmt::format("{} is missing, but {} is there", segment_name(expected),
                                       segment_name(number)));
  }
  const auto segment = check_segment(file, number);
  if (!segment) return refuse_segment(file, number, segment.error());
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
  behind_what_was_used_ = clean && !holds_groups;
  if (!clean) {
    if (auto searched = search_behind(file, *segment, end, stopped_at); !searched) return searched;
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

std::expected<bool, std::string> Replay::pass(std::span<const std::byte> beginning,
                                              std::uint64_t size, std::uint64_t number) {
  assert(behind_what_was_used_);
  const bool is_next = number == last_.number + unused_.size() + 1;
  const auto segment = check_segment(beginning, size, number);
  if (!is_next || !segment || beginning.size() < beginning_bytes ||
      !only_zeros(beginning.subspan(segment_header_bytes))) {
    return false;
  }
  unused_.push_back({*segment, true});
  stopped_ = true;
  return true;
}

// Takes every group that continues the chain; the offset behind the last one.
std::expected<std::uint64_t, std::string> Replay::follow(std::span<const std::byte> file,
                                                         std::uint64_t number) {
  std::uint64_t end = segment_header_bytes;
  while (const auto group = group_at(file, end)) {
    if (!follows(*group, chain_)) break;
    before_group_ = {.segment = number, .offset = end, .chain = chain_};
    if (auto taken = take(*group, number); !taken) return std::unexpected(taken.error());
    chain_ = {group->header.number, group->header.checksum};
    end = group->end();
  }
  return end;
}

bool Replay::group_continues(std::span<const std::byte> file) const {
  const auto group = group_at(file, segment_header_bytes);
  return group && follows(*group, chain_);
}

Replay::Line Replay::take(const IntactGroup& group, std::uint64_t segment) {
  for (std::uint32_t i = 0; i < group.header.record_count; ++i) {
    const Record record = group.record(i);
    const auto offset = group.offset + (i + 1) * slot_bytes;
    const char* fault = fault_of(record);
    if (fault == nullptr) fault = apply(record, {segment, offset});
    if (fault == nullptr) continue;
    cut_ = before_group_;
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
  if (applied.awaits_copy) awaited_.try_emplace(id_of(record), place, before_group_);
  ends_with_a_clean_stop_ = record.type == RecordType::clean_stop;
  if (record.type == RecordType::copied) awaited_.erase(id_of(record));
  return applied.contradiction;
}

std::expected<void, std::string> Replay::finish() {
  if (awaited_.empty()) return {};
  const auto& [id, awaited] = *std::ranges::min_element(awaited_, {}, [](const auto& each) {
    return std::pair(each.second.place.segment, each.second.place.offset);
  });
  cut_ = awaited.cut;
  return std::unexpected(damaged(
      awaited.place.segment, awaited.place.offset,
      fmt::format("a record of a payment that was never accepted (payment {})", id.to_string())));
}

// Behind the end of the log nothing may follow that was written later (PROTOCOL 4.2), save where
// the order in which it came to the disk is not known (4.6).
Replay::Line Replay::search_behind(std::span<const std::byte> file, const Segment& segment,
                                   std::uint64_t offset, const Place& stopped_at) {
  const bool may_have_a_gap = !stopped_ && segment.is_of_os && offset >= segment.synced;
  for (; offset + slot_bytes <= file.size(); offset += block_bytes) {
    const auto group = group_at(file, offset);
    if (!group || group->header.number <= chain_.number) continue;
    if (may_have_a_gap) {
      ++dropped_.groups;
      dropped_.records += group->header.record_count;
      continue;
    }
    const Place& place = tear_ ? *tear_ : stopped_at;
    cut_ = {.segment = place.segment, .offset = place.offset, .chain = chain_};
    return std::unexpected(damaged(
        place.segment, place.offset,
        fmt::format("group {} is not readable there, but group {} follows at offset {} of {}",
                    chain_.number + 1, group->header.number, offset,
                    segment_name(segment.number))));
  }
  return {};
}

}  // namespace payswitch::store::embedded
