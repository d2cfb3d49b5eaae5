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

bool follows(const journal::Batch& batch, const journal::Chain& chain) {
  return batch.header.number == chain.number + 1 && batch.header.previous == chain.checksum;
}

std::string damaged(std::uint64_t segment, std::uint64_t offset, std::string_view why) {
  return fmt::format("{} is damaged at offset {}: {}", journal::segment_name(segment), offset, why);
}

}  // namespace

Replay::Replay(Index& index, const archive::FileInfo& archived)
    : index_(index),
      first_(archived.last_segment + 1),
      chain_(archived.chain),
      records_(archived.records),
      last_{.number = archived.last_segment, .size = 0} {}

// Where the log ends, as far as it was read.
Cut Replay::cut_at_the_end() const {
  const Place place = tear_.value_or(Place{last_.number, end_});
  return {.segment = place.segment, .offset = place.offset, .chain = chain_};
}

// Of a segment that cannot be what its name says the batches may be whole all the same.
std::unexpected<std::string> Replay::refuse_segment(std::span<const std::byte> file,
                                                    std::uint64_t number, const std::string& why) {
  if (stopped_) {
    cut_ = cut_at_the_end();
  } else if (!journal::is_of_another_format(file)) {
    Cut cut{.segment = number, .offset = journal::segment_header_bytes, .chain = chain_};
    while (const auto batch = journal::batch_at(file, cut.offset)) {
      if (!follows(*batch, cut.chain)) break;
      cut.chain = {batch->header.number, batch->header.checksum};
      cut.offset = batch->end();
    }
    cut_ = cut;
  }
  return std::unexpected(fmt::format("{} {}", journal::segment_name(number), why));
}

std::expected<void, std::string> Replay::read(std::span<const std::byte> file,
                                              std::uint64_t number) {
  const std::uint64_t expected = last_.number + unused_.size() + 1;
  if (number != expected) {
    cut_ = stopped_
               ? cut_at_the_end()
               : Cut{.segment = expected, .offset = journal::segment_header_bytes, .chain = chain_};
    return std::unexpected(fmt::format("{} is missing, but {} is there",
                                       journal::segment_name(expected),
                                       journal::segment_name(number)));
  }
  const auto segment = journal::check_segment(file, number);
  if (!segment) return refuse_segment(file, number, segment.error());
  std::uint64_t end = journal::segment_header_bytes;
  Place stopped_at{last_.number, end_};
  if (!stopped_) {
    const journal::SegmentBegin begin{
        .segment = number, .first_sequence = records_ + 1, .chain = chain_};
    if (number == first_ || batch_continues(file)) index_.begin_segment(begin);
    const auto followed = follow(file, number);
    if (!followed) return std::unexpected(followed.error());
    end = *followed;
    stopped_at = {number, end};
  }
  const bool holds_batches = end > journal::segment_header_bytes;
  const bool clean = only_zeros(file.subspan(end));
  after_what_was_used_ = clean && !holds_batches;
  if (!clean) {
    if (auto searched = search_after(file, *segment, end, stopped_at); !searched) return searched;
    if (!tear_) tear_ = Place{number, end};
  }
  if (holds_batches || number == first_) {
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
  assert(after_what_was_used_);
  const bool is_next = number == last_.number + unused_.size() + 1;
  const auto segment = journal::check_segment(beginning, size, number);
  if (!is_next || !segment || beginning.size() < beginning_bytes ||
      !only_zeros(beginning.subspan(journal::segment_header_bytes))) {
    return false;
  }
  unused_.push_back({*segment, true});
  stopped_ = true;
  return true;
}

// Takes every batch that continues the chain; the offset after the last one.
std::expected<std::uint64_t, std::string> Replay::follow(std::span<const std::byte> file,
                                                         std::uint64_t number) {
  std::uint64_t end = journal::segment_header_bytes;
  while (const auto batch = journal::batch_at(file, end)) {
    if (!follows(*batch, chain_)) break;
    before_batch_ = {.segment = number, .offset = end, .chain = chain_};
    if (auto taken = take(*batch, number); !taken) return std::unexpected(taken.error());
    chain_ = {batch->header.number, batch->header.checksum};
    end = batch->end();
  }
  return end;
}

bool Replay::batch_continues(std::span<const std::byte> file) const {
  const auto batch = journal::batch_at(file, journal::segment_header_bytes);
  return batch && follows(*batch, chain_);
}

Replay::Line Replay::take(const journal::Batch& batch, std::uint64_t segment) {
  for (std::uint32_t i = 0; i < batch.header.record_count; ++i) {
    const journal::Record record = batch.record(i);
    const auto offset = batch.offset + (i + 1) * journal::slot_bytes;
    const char* fault = journal::fault_of(record);
    if (fault == nullptr) fault = apply(record, {segment, offset});
    if (fault == nullptr) continue;
    cut_ = before_batch_;
    if (!index_.damage().empty()) return std::unexpected(index_.damage());
    return std::unexpected(
        damaged(segment, offset,
                fmt::format("{} (payment {})", fault, journal::id_of(record).to_string())));
  }
  return {};
}

// Records between a payment's acceptance, which went with its segment, and its copy say nothing
// that the copy does not say; but the copy must be there.
const char* Replay::apply(const journal::Record& record, const Place& place) {
  const Applied applied = index_.apply(record, ++records_);
  if (applied.awaits_carried) awaited_.try_emplace(journal::id_of(record), place, before_batch_);
  ends_with_a_clean_stop_ = record.type == journal::RecordType::clean_stop;
  if (record.type == journal::RecordType::carried_forward) awaited_.erase(journal::id_of(record));
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

// After the end of the log nothing may follow that was written later (PROTOCOL 4.2), save where
// the order in which it came to the disk is not known (4.6).
Replay::Line Replay::search_after(std::span<const std::byte> file, const journal::Segment& segment,
                                  std::uint64_t offset, const Place& stopped_at) {
  const bool may_have_a_gap = !stopped_ && segment.is_of_os && offset >= segment.synced;
  for (; offset + journal::slot_bytes <= file.size(); offset += journal::block_bytes) {
    const auto batch = journal::batch_at(file, offset);
    if (!batch || batch->header.number <= chain_.number) continue;
    if (may_have_a_gap) {
      ++dropped_.batches;
      dropped_.records += batch->header.record_count;
      continue;
    }
    const Place& place = tear_ ? *tear_ : stopped_at;
    cut_ = {.segment = place.segment, .offset = place.offset, .chain = chain_};
    return std::unexpected(damaged(
        place.segment, place.offset,
        fmt::format("group {} is not readable there, but group {} follows at offset {} of {}",
                    chain_.number + 1, batch->header.number, offset,
                    journal::segment_name(segment.number))));
  }
  return {};
}

}  // namespace payswitch::store::embedded
