#include "store/embedded/check/journal_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/journal/record.h"

namespace payswitch::store::embedded::check {

void JournalReader::check(std::span<const std::byte> file, std::uint64_t number) {
  const std::string name = journal::segment_name(number);
  if (number != last_segment_ + 1) {
    const std::string missing = journal::segment_name(last_segment_ + 1);
    events_.finding({{missing, 0}, fmt::format("is missing, but {} is there", name)});
    after_damage_ = true;
  }
  if (const auto segment = journal::check_segment(file, number); !segment) {
    events_.finding({{name, 0}, segment.error()});
  }
}

void JournalReader::read(std::span<const std::byte> file, std::uint64_t number) {
  check(file, number);
  const std::string name = journal::segment_name(number);
  ++segments_;
  last_segment_ = number;
  std::uint64_t end = std::min<std::uint64_t>(journal::segment_header_bytes, file.size());
  bool holds_batches = number == first_segment_;
  for (std::uint64_t offset = end; offset < file.size();) {
    const auto batch = journal::batch_at(file, offset);
    // A number that was taken already is a leftover of an earlier life.
    if (!batch || batch->header.number <= chain_.number) {
      offset += journal::block_bytes;
      continue;
    }
    const bool follows =
        batch->header.number == chain_.number + 1 && batch->header.previous == chain_.checksum;
    if (!follows || stopped_ || offset != end) {
      tell_gap(tear_.value_or(stopped_ ? end_ : Place{name, end}), *batch, name);
    }
    take(*batch, name);
    holds_batches = true;
    end = offset = batch->end();
    end_ = {name, end};
  }
  const bool clean =
      std::ranges::all_of(file.subspan(end), [](auto b) { return b == std::byte{}; });
  if (!clean && !tear_) tear_ = Place{name, end};
  stopped_ |= !clean || !holds_batches;
}

void JournalReader::tell_gap(const Place& begin, const journal::Batch& batch,
                             const std::string& name) {
  const auto missing = chain_.number + 1;
  const std::string which =
      batch.header.number > missing + 1
          ? fmt::format("groups {} to {} are", missing, batch.header.number - 1)
          : fmt::format("group {} is", missing);
  events_.finding(
      {begin, fmt::format("{} not readable there, but group {} follows at offset {} of {}", which,
                          batch.header.number, batch.offset, name)});
  after_damage_ = true;
  stopped_ = false;
  tear_.reset();
}

void JournalReader::take(const journal::Batch& batch, const std::string& name) {
  chain_ = {batch.header.number, batch.header.checksum};
  ++batches_;
  for (std::uint32_t i = 0; i < batch.header.record_count; ++i) {
    const journal::Record record = batch.record(i);
    const Place place{name, batch.offset + (i + 1) * journal::slot_bytes};
    ++records_;
    if (const char* fault = journal::fault_of(record)) {
      events_.finding(
          {place, fmt::format("{} (payment {})", fault, journal::id_of(record).to_string())});
    } else {
      events_.record(record, place);
    }
  }
}

}  // namespace payswitch::store::embedded::check
