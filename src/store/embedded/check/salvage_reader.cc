#include "store/embedded/check/salvage_reader.h"

#include <fmt/format.h>

#include "store/journal/record.h"
#include "store/journal/segment.h"

namespace payswitch::store::embedded::check {

namespace {

Place place_of(const journal::Place& place) {
  return {journal::segment_name(place.segment), place.offset};
}

}  // namespace

void SalvageReader::check(std::span<const std::byte> file, std::uint64_t number) {
  const std::string name = journal::segment_name(number);
  if (number != reader_.next_segment()) {
    const std::string missing = journal::segment_name(reader_.next_segment());
    events_.discrepancy({{missing, 0}, fmt::format("is missing, but {} is there", name)});
    after_damage_ = true;
  }
  if (const auto segment = journal::check_segment(file, number); !segment) {
    events_.discrepancy({{name, 0}, segment.error()});
  }
}

void SalvageReader::read(std::span<const std::byte> file, std::uint64_t number) {
  check(file, number);
  ++segments_;
  const std::string name = journal::segment_name(number);
  reader_.open(file, number);
  while (const auto found = reader_.next()) {
    if (const auto* gap = std::get_if<journal::Reader::Gap>(&*found)) {
      report(*gap, name);
      reader_.resume_after(*gap);
      take(gap->batch, name);
    } else {
      take(std::get<journal::Reader::Next>(*found).batch, name);
    }
  }
}

std::optional<Place> SalvageReader::tear() const {
  return reader_.tear() ? std::optional(place_of(*reader_.tear())) : std::nullopt;
}

void SalvageReader::report(const journal::Reader::Gap& gap, const std::string& name) {
  const auto missing = reader_.chain().number + 1;
  const auto number = gap.batch.header.number;
  const std::string which = number > missing + 1
                                ? fmt::format("groups {} to {} are", missing, number - 1)
                                : fmt::format("group {} is", missing);
  events_.discrepancy(
      {place_of(gap.begin), fmt::format("{} not readable there, but group {} follows at offset {} "
                                        "of {}",
                                        which, number, gap.batch.offset, name)});
  after_damage_ = true;
}

void SalvageReader::take(const journal::Batch& batch, const std::string& name) {
  ++batches_;
  for (std::uint32_t i = 0; i < batch.header.record_count; ++i) {
    const journal::Record record = batch.record(i);
    const Place place{name, batch.offset + (i + 1) * journal::slot_bytes};
    ++records_;
    if (const char* fault = journal::fault_of(record)) {
      events_.discrepancy(
          {place, fmt::format("{} (payment {})", fault, journal::id_of(record).to_string())});
    } else {
      events_.record(record, place);
    }
  }
}

}  // namespace payswitch::store::embedded::check
