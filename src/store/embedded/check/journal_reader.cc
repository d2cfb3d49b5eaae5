#include "store/embedded/check/journal_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/journal/record.h"

namespace payswitch::audit {

using namespace store::embedded;

void JournalReader::check(std::span<const std::byte> file, std::uint64_t number) {
  const std::string name = segment_name(number);
  if (number != last_segment_ + 1) {
    const std::string missing = segment_name(last_segment_ + 1);
    events_.finding({{missing, 0}, fmt::format("is missing, but {} is there", name)});
    behind_damage_ = true;
  }
  if (const auto segment = check_segment(file, number); !segment) {
    events_.finding({{name, 0}, segment.error()});
  }
}

void JournalReader::read(std::span<const std::byte> file, std::uint64_t number) {
  check(file, number);
  const std::string name = segment_name(number);
  ++segments_;
  last_segment_ = number;
  std::uint64_t end = std::min<std::uint64_t>(segment_header_bytes, file.size());
  bool holds_groups = number == first_segment_;
  for (std::uint64_t offset = end; offset < file.size();) {
    const auto group = group_at(file, offset);
    // A number that was taken already is a leftover of an earlier life.
    if (!group || group->header.number <= chain_.number) {
      offset += block_bytes;
      continue;
    }
    const bool continues =
        group->header.number == chain_.number + 1 && group->header.previous == chain_.checksum;
    if (!continues || stopped_ || offset != end) {
      tell_gap(tear_.value_or(stopped_ ? end_ : Place{name, end}), *group, name);
    }
    take(*group, name);
    holds_groups = true;
    end = offset = group->end();
    end_ = {name, end};
  }
  const bool clean =
      std::ranges::all_of(file.subspan(end), [](auto b) { return b == std::byte{}; });
  if (!clean && !tear_) tear_ = Place{name, end};
  stopped_ |= !clean || !holds_groups;
}

void JournalReader::tell_gap(const Place& begin, const IntactGroup& group,
                             const std::string& name) {
  const auto missing = chain_.number + 1;
  const std::string which =
      group.header.number > missing + 1
          ? fmt::format("groups {} to {} are", missing, group.header.number - 1)
          : fmt::format("group {} is", missing);
  events_.finding(
      {begin, fmt::format("{} not readable there, but group {} follows at offset {} of {}", which,
                          group.header.number, group.offset, name)});
  behind_damage_ = true;
  stopped_ = false;
  tear_.reset();
}

void JournalReader::take(const IntactGroup& group, const std::string& name) {
  chain_ = {group.header.number, group.header.checksum};
  ++groups_;
  for (std::uint32_t i = 0; i < group.header.record_count; ++i) {
    const Record record = group.record(i);
    const Place place{name, group.offset + (i + 1) * slot_bytes};
    ++records_;
    if (const char* fault = fault_of(record)) {
      events_.finding({place, fmt::format("{} (payment {})", fault, id_of(record).to_string())});
    } else {
      events_.record(record, place);
    }
  }
}

}  // namespace payswitch::audit
