#include "store/embedded/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "store/journal/record.h"

namespace payswitch::store::embedded {

namespace {

std::string damaged(const journal::Place& place, std::string_view why) {
  return fmt::format("{} is damaged at offset {}: {}", journal::segment_name(place.segment),
                     place.offset, why);
}

Cut cut_at(const journal::Place& place, const journal::Chain& chain) {
  return {.segment = place.segment, .offset = place.offset, .chain = chain};
}

}  // namespace

Replay::Replay(Index& index, const archive::FileSet& archive)
    : index_(index),
      restorer_(index, archive),
      reader_(archive.last().last_segment + 1, archive.last().chain),
      first_(archive.last().last_segment + 1),
      records_(archive.last().records),
      last_{.number = archive.last().last_segment, .size = 0} {}

Replay::Line Replay::read(std::span<const std::byte> file, std::uint64_t number) {
  if (number != reader_.next_segment()) return refuse_missing(number);
  const auto segment = journal::check_segment(file, number);
  if (!segment) return refuse_segment(file, number, segment.error());
  reader_.open(file, number);
  if (auto read = read_batches(*segment); !read) return read;
  after_what_was_used_ = reader_.is_clean() && !reader_.holds_batches();
  if (reader_.end().segment == number) {
    last_ = *segment;
  } else {
    unused_.push_back({*segment, reader_.is_clean()});
  }
  return {};
}

std::expected<bool, std::string> Replay::pass(std::span<const std::byte> beginning,
                                              std::uint64_t size, std::uint64_t number) {
  assert(after_what_was_used_);
  const auto segment = journal::check_segment(beginning, size, number);
  if (number != reader_.next_segment() || !segment || beginning.size() < beginning_bytes ||
      !journal::only_zeros(beginning.subspan(journal::segment_header_bytes))) {
    return false;
  }
  unused_.push_back({*segment, true});
  reader_.pass_over(number);
  return true;
}

Replay::Line Replay::finish() {
  if (awaited_.empty()) return {};
  const auto& [id, awaited] = *std::ranges::min_element(awaited_, {}, [](const auto& each) {
    return std::pair(each.second.place.segment, each.second.place.offset);
  });
  cut_ = awaited.cut;
  return std::unexpected(damaged(
      awaited.place,
      fmt::format("a record of a payment that was never accepted (payment {})", id.to_string())));
}

// -- what is in a segment ---------------------------------------------------------------

Replay::Line Replay::read_batches(const journal::Segment& segment) {
  if (segment.number == first_) begin_segment(segment.number, reader_.chain());
  while (const auto found = reader_.next()) {
    const auto* next = std::get_if<journal::Reader::Next>(&*found);
    auto taken =
        next != nullptr ? take(*next) : take(std::get<journal::Reader::Gap>(*found), segment);
    if (!taken) return taken;
  }
  return {};
}

// The index counts a segment from its first batch on.
void Replay::begin_segment(std::uint64_t number, const journal::Chain& chain) {
  if (begun_ == number) return;
  begun_ = number;
  index_.begin_segment({.segment = number, .first_sequence = records_ + 1, .chain = chain});
}

Replay::Line Replay::take(const journal::Reader::Next& next) {
  const Cut before_batch = cut_at(next.place, next.before);
  begin_segment(next.place.segment, next.before);
  for (std::uint32_t i = 0; i < next.batch.header.record_count; ++i) {
    const Place place{next.place.segment, next.place.offset + (i + 1) * journal::slot_bytes};
    auto applied = apply(next.batch.record(i), place, before_batch);
    if (applied) continue;
    cut_ = before_batch;
    return applied;
  }
  return {};
}

// Records between a payment's acceptance, which went with its segment, and the records that carry
// it forward say nothing that these do not say; but these must follow.
Replay::Line Replay::apply(const journal::Record& record, const Place& place,
                           const Cut& before_batch) {
  if (const char* fault = journal::fault_of(record)) return refuse_record(record, place, fault);
  const auto restored = restorer_.apply(record, ++records_);
  if (!restored) {
    archive_is_damaged_ = true;
    return std::unexpected(restored.error());
  }
  if (restored->awaits_carried) {
    awaited_.try_emplace(journal::id_of(record), place, before_batch);
  }
  if (record.type == journal::RecordType::carried_forward) awaited_.erase(journal::id_of(record));
  ends_with_a_clean_stop_ = record.type == journal::RecordType::clean_stop;
  if (restored->contradiction == nullptr) return {};
  return refuse_record(record, place, restored->contradiction);
}

// After the end of the log nothing may follow that was written later (PROTOCOL 4.2), save where
// the order in which it came to the disk is not known (4.6).
Replay::Line Replay::take(const journal::Reader::Gap& gap, const journal::Segment& segment) {
  const bool may_have_a_gap =
      !reader_.has_ended() && segment.is_of_os && gap.begin.offset >= segment.synced;
  if (may_have_a_gap) {
    ++dropped_.batches;
    dropped_.records += gap.batch.header.record_count;
    return {};
  }
  cut_ = cut_at(gap.begin, reader_.chain());
  return std::unexpected(damaged(
      gap.begin, fmt::format("group {} is not readable there, but group {} follows at offset {} of "
                             "{}",
                             reader_.chain().number + 1, gap.batch.header.number, gap.batch.offset,
                             journal::segment_name(segment.number))));
}

// -- what is refused, and where it can be cut ----------------------------------------------

std::unexpected<std::string> Replay::refuse_record(const journal::Record& record,
                                                   const Place& place, const char* fault) {
  const auto id = journal::id_of(record).to_string();
  return std::unexpected(damaged(place, fmt::format("{} (payment {})", fault, id)));
}

// Where the log ends, as far as it was read.
Cut Replay::cut_at_the_end() const {
  return cut_at(reader_.tear().value_or(reader_.end()), reader_.chain());
}

std::unexpected<std::string> Replay::refuse_missing(std::uint64_t number) {
  const std::uint64_t expected = reader_.next_segment();
  cut_ = reader_.has_ended() ? cut_at_the_end()
                             : cut_at({expected, journal::segment_header_bytes}, reader_.chain());
  return std::unexpected(fmt::format("{} is missing, but {} is there",
                                     journal::segment_name(expected),
                                     journal::segment_name(number)));
}

// Of a segment that cannot be what its name says the batches may be whole all the same.
std::unexpected<std::string> Replay::refuse_segment(std::span<const std::byte> file,
                                                    std::uint64_t number, const std::string& why) {
  if (reader_.has_ended()) {
    cut_ = cut_at_the_end();
  } else if (!journal::is_of_another_format(file)) {
    Cut cut = cut_at({number, journal::segment_header_bytes}, reader_.chain());
    journal::Reader ahead = reader_;
    ahead.open(file, number);
    for (auto found = ahead.next(); found; found = ahead.next()) {
      if (!std::holds_alternative<journal::Reader::Next>(*found)) break;
      cut = cut_at(ahead.end(), ahead.chain());
    }
    cut_ = cut;
  }
  return std::unexpected(fmt::format("{} {}", journal::segment_name(number), why));
}

}  // namespace payswitch::store::embedded
