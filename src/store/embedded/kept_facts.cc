#include "store/embedded/kept_facts.h"

#include <algorithm>
#include <cassert>

namespace payswitch::store::embedded {

namespace {

constexpr Applied contradicts(const char* why) {
  return {.changed = false, .contradiction = why};
}

std::size_t pieces_of(const std::string& origin) {
  return (origin.size() + journal::origin_piece_bytes - 1) / journal::origin_piece_bytes;
}

}  // namespace

Applied KeptFacts::apply(const journal::Record& record, std::uint64_t sequence) {
  if (record.type == journal::RecordType::processor_origin) return apply_origin(record, sequence);
  if (record.type == journal::RecordType::restored) {
    const bool restored = record.attempt != 0;
    const bool is_news = restored != values_.restored;
    values_.restored = restored;
    restored_home_ = sequence;
    restored_at_ = {record.at};
    return {.changed = is_news};
  }
  assert(record.type == journal::RecordType::told);
  if (record.at < values_.told.value) return {.changed = false};
  const bool is_news = record.at != values_.told.value;
  values_.told = {record.at};
  told_home_ = sequence;
  return {.changed = is_news};
}

// The pieces are of one batch, and follow each other.
Applied KeptFacts::apply_origin(const journal::Record& record, std::uint64_t sequence) {
  if (!journal::continues(record)) {
    if (pieces_.missing != 0) return contradicts("an origin without its end");
    pieces_ = {
        .processor = record.processor, .home = sequence, .missing = record.attempt, .text = {}};
  } else if (pieces_.processor != record.processor || pieces_.missing != record.attempt) {
    return contradicts("a piece of an origin that continues none");
  }
  const std::string piece = journal::origin_piece_of(record);
  pieces_.text += piece;
  pieces_.missing -= piece.size();
  if (pieces_.missing != 0) return {};
  auto& origin = values_.origins.at(record.processor);
  origin_homes_.at(record.processor) = pieces_.home;
  const bool is_news = origin != pieces_.text;
  origin = std::move(pieces_.text);
  return {.changed = is_news};
}

std::size_t KeptFacts::records_to_carry() const {
  std::size_t records = (restored_home_ != 0 ? 1u : 0u) + (told_home_ != 0 ? 1u : 0u);
  for (const auto& origin : values_.origins) records += pieces_of(origin);
  return records;
}

std::vector<journal::Record> KeptFacts::carry_forward_if_home_before(std::uint64_t sequence,
                                                                     std::uint64_t next_sequence) {
  std::vector<journal::Record> carried_forward;
  const auto is_due = [&](std::uint64_t& home) {
    if (home == 0 || home >= sequence) return false;
    home = next_sequence + carried_forward.size();
    return true;
  };
  for (std::size_t number = 0; number < values_.origins.size(); ++number) {
    if (!is_due(origin_homes_[number])) continue;
    const auto pieces = journal::origin_records(static_cast<payment::ProcessorNumber>(number),
                                                values_.origins[number]);
    carried_forward.insert(carried_forward.end(), pieces.begin(), pieces.end());
  }
  if (is_due(restored_home_))
    carried_forward.push_back(journal::restored_record(values_.restored, restored_at_));
  if (is_due(told_home_)) carried_forward.push_back(journal::told_record(values_.told));
  return carried_forward;
}

}  // namespace payswitch::store::embedded
