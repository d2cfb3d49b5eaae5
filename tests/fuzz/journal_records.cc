// The journal of a program with a bug, or of another version: intact batches, any records. Reading
// them never aborts; what they are taken for, a second reading takes them for, too.
#include <cassert>
#include <cstring>
#include <map>

#include "store/embedded/replay.h"
#include "store/journal/record.h"
#include "store/journal/segment.h"
#include "store/options.h"

namespace {

using namespace payswitch;
using namespace payswitch::store;
using namespace payswitch::store::embedded;

constexpr std::size_t records_per_batch = 5;
constexpr std::size_t max_records = 80;

journal::Record fact_at(journal::Record record, std::uint8_t which) {
  record.type = static_cast<journal::RecordType>(32 + which % 3);
  if (record.type == journal::RecordType::processor_origin) {
    record.flags &= journal::flag_continues;
    record.processor %= 4;
    record.attempt %= 2 * store::max_origin_bytes;
    return record;
  }
  record.flags = 0;
  record.processor = payment::no_processor;
  record.attempt %= 2;
  return record;
}

// As the input says; but when its last byte is even, what would be refused at once is brought near,
// so that records of one payment meet.
journal::Record record_at(const std::uint8_t* bytes) {
  journal::Record record;
  std::memcpy(&record, bytes, sizeof(record));
  if (bytes[journal::slot_bytes - 1] % 2 != 0) return record;
  if (bytes[0] >= 192) return fact_at(record, bytes[0]);
  record.type = static_cast<journal::RecordType>(1 + bytes[0] % 6);
  record.processor %= 4;
  if (record.type == journal::RecordType::processor_named) return record;
  record.flags %= 4;
  record.outcome %= 12;
  record.attempt %= 32;
  record.id = {static_cast<std::uint8_t>(record.id[0] % 4)};
  record.cents = static_cast<std::uint8_t>(record.cents);
  record.at = static_cast<std::uint8_t>(record.at);
  return record;
}

std::vector<std::byte> segment_of(const std::vector<journal::Record>& records) {
  const std::uint64_t size = journal::segment_header_bytes +
                             (records.size() / records_per_batch + 1) * journal::block_bytes;
  const journal::SegmentHeader header = journal::make_segment_header(
      {.number = 1, .size = std::max(size, journal::min_segment_bytes)});
  std::vector<std::byte> segment(header.segment_size);
  std::memcpy(segment.data(), &header, sizeof(header));
  journal::Chain chain;
  std::uint64_t offset = journal::segment_header_bytes;
  for (std::size_t i = 0; i < records.size();) {
    journal::BatchBuilder batch;
    for (; batch.record_count() < records_per_batch && i < records.size(); ++i) {
      batch.add(records[i]);
    }
    const auto bytes = batch.finish(chain, {0});
    std::memcpy(segment.data() + offset, bytes.data(), bytes.size());
    offset += bytes.size();
  }
  return segment;
}

struct Reading {
  store::Counters counters;
  Index index{counters};
  bool whole = false;

  explicit Reading(std::span<const std::byte> segment) {
    Replay replay(index);
    const auto read = replay.read(segment, 1);
    whole = read.has_value();
    assert(whole || read.error().starts_with("journal-0000000001 is damaged at offset "));
    index.note_all_unknown();
  }
};

void expect_sound(const Reading& reading, const std::vector<journal::Record>& records) {
  std::map<payment::CorrelationId, store::PaymentView> views;
  for (const journal::Record& record : records) {
    if (record.type == journal::RecordType::processor_named) continue;
    if (const auto view = reading.index.view(journal::id_of(record)))
      views.emplace(view->id, *view);
  }
  std::array<std::uint64_t, payment::state_count> by_state{};
  std::array<payment::Total, payment::max_processors> settled;
  for (const auto& [id, view] : views) {
    ++by_state[static_cast<std::size_t>(view.state)];
    if (view.state == payment::State::settled) ++settled[view.processor].count;
  }
  assert(by_state == reading.counters.by_state);
  for (std::size_t i = 0; i < settled.size(); ++i) {
    const auto processor = static_cast<payment::ProcessorNumber>(i);
    assert(reading.index.sum(processor, {}).count == settled[i].count);
  }
  std::size_t open = 0;
  reading.index.for_open_up_to(records.size(), max_records,
                               [&](const auto& part) { open += part.size(); });
  assert(open == reading.counters.open());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<journal::Record> records;
  for (; size >= journal::slot_bytes && records.size() < max_records; size -= journal::slot_bytes) {
    records.push_back(record_at(data));
    data += journal::slot_bytes;
  }
  const Reading reading(segment_of(records));
  expect_sound(reading, records);
  if (!reading.whole) return 0;
  // Said twice, it changes nothing (PROTOCOL 4.5), or is named as what it is.
  std::vector<journal::Record> twice = records;
  twice.insert(twice.end(), records.begin(), records.end());
  const Reading again(segment_of(twice));
  if (again.whole) {
    assert(again.counters.by_state == reading.counters.by_state);
    expect_sound(again, twice);
  }
  return 0;
}
