// A journal of whole payments, damaged at will: bytes changed, blocks moved, ends cut off. Recovery
// either stops, or goes on from a beginning of the log after which no intact batch was left
// (PROTOCOL 4.2); and what it made of it, it reads again without complaint.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cassert>

#include "store/embedded/recovery.h"
#include "store/journal/batch.h"
#include "store/journal/record.h"
#include "store/samples_fixture.h"
#include "testing/world/disk.h"
#include "testing/world/log.h"

namespace {

using namespace payswitch;
using namespace payswitch::store;
using namespace payswitch::store::embedded;
using platform::Bytes;

constexpr std::uint64_t segment_bytes = journal::min_segment_bytes;

store::Options options() {
  store::Options options;
  options.segment_bytes = segment_bytes;
  options.processors = {{"default"}, {"fallback"}};
  return options;
}

struct Written {
  Bytes bytes;
  std::string segment;
  std::uint64_t offset = 0;
};

// The log as it was written: batches, numbered from 1.
struct Log {
  std::map<std::string, Bytes> segments;
  std::vector<Written> batches;
  std::vector<std::uint64_t> payments;  // accepted up to and with each batch
};

void begin_segment(Log& log, std::uint64_t number) {
  const journal::SegmentHeader header =
      journal::make_segment_header({.number = number, .size = segment_bytes});
  Bytes bytes(segment_bytes);
  std::memcpy(bytes.data(), &header, sizeof(header));
  log.segments.emplace(journal::segment_name(number), std::move(bytes));
}

Log write_log(FuzzedDataProvider& input) {
  Log log;
  journal::Chain chain;
  std::uint64_t segment = 1;
  std::uint64_t offset = journal::segment_header_bytes;
  std::uint32_t payments = 0;
  begin_segment(log, segment);
  const int batches = input.ConsumeIntegralInRange(0, 24);
  for (int i = 0; i < batches; ++i) {
    journal::BatchBuilder batch;
    if (i == 0) {
      batch.add(journal::named_record(0, "default"));
      batch.add(journal::named_record(1, "fallback"));
    }
    for (int n = input.ConsumeIntegralInRange(1, 12); n > 0; --n) {
      batch.add(journal::accepted_record(acceptance(++payments)));
    }
    const auto archived = batch.finish(chain, at(i));
    if (offset + archived.size() > segment_bytes) {
      begin_segment(log, ++segment);
      offset = journal::segment_header_bytes;
    }
    const std::string name = journal::segment_name(segment);
    std::ranges::copy(archived, log.segments[name].begin() + static_cast<std::ptrdiff_t>(offset));
    log.batches.push_back({{archived.begin(), archived.end()}, name, offset});
    log.payments.push_back(payments);
    offset += archived.size();
  }
  for (int i = input.ConsumeIntegralInRange(0, 2); i > 0; --i) begin_segment(log, ++segment);
  return log;
}

Bytes& any_segment(FuzzedDataProvider& input, std::map<std::string, Bytes>& segments) {
  auto chosen = segments.begin();
  std::advance(chosen, input.ConsumeIntegralInRange<std::size_t>(0, segments.size() - 1));
  return chosen->second;
}

std::uint64_t any_block(FuzzedDataProvider& input, const Bytes& segment) {
  const std::uint64_t blocks = segment.size() / journal::block_bytes;
  return blocks == 0
             ? 0
             : input.ConsumeIntegralInRange<std::uint64_t>(0, blocks - 1) * journal::block_bytes;
}

void damage(FuzzedDataProvider& input, std::map<std::string, Bytes>& segments) {
  Bytes& to = any_segment(input, segments);
  const Bytes from = any_segment(input, segments);
  const std::uint64_t target = any_block(input, to);
  const std::uint64_t source = any_block(input, from);
  const auto room = std::min({journal::block_bytes, to.size() - target, from.size() - source});
  const auto begin = to.begin() + static_cast<std::ptrdiff_t>(target);
  switch (input.ConsumeIntegralInRange(0, 4)) {
    case 0:
      if (!to.empty()) {
        const auto place = input.ConsumeIntegralInRange<std::size_t>(0, to.size() - 1);
        to[place] ^= static_cast<std::byte>(input.ConsumeIntegral<std::uint8_t>());
      }
      break;
    case 1:  // a write that never came
      std::fill_n(begin, std::min(journal::block_bytes, to.size() - target), std::byte{0});
      break;
    case 2:  // a block that came to another place
      std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(source), room, begin);
      break;
    case 3:
      to.resize(input.ConsumeIntegralInRange<std::size_t>(0, 2 * segment_bytes));
      break;
    default: {
      const auto bytes = input.ConsumeBytes<std::uint8_t>(room);
      std::ranges::transform(bytes, begin, [](std::uint8_t byte) { return std::byte{byte}; });
    }
  }
}

struct Outcome {
  std::expected<journal::Start, RefusedStart> start;
  std::uint64_t payments = 0;
  bool complained = false;
};

Outcome recovered(lab::World& world, lab::VirtualDisk& disk) {
  lab::CollectedLog log;
  store::Counters counters;
  Index index(counters);
  const archive::FileSet archived;
  index.begin_after(archived);
  auto start = recover(options(), disk, world, log, archived, index);
  return {std::move(start), counters.open(), log.count(platform::Level::warn, "") > 0};
}

// No batch after the `kept` first ones is where it was, as it was.
bool none_is_left(const Log& log, std::uint64_t kept, const std::map<std::string, Bytes>& damaged) {
  return std::none_of(log.batches.begin() + static_cast<std::ptrdiff_t>(kept), log.batches.end(),
                      [&](const Written& batch) {
                        const Bytes& now = damaged.at(batch.segment);
                        if (now.size() < batch.offset + batch.bytes.size()) return false;
                        return std::equal(batch.bytes.begin(), batch.bytes.end(),
                                          now.begin() + static_cast<std::ptrdiff_t>(batch.offset));
                      });
}

// Of a segment after one that holds nothing, only the first block is looked at (decision 22): what
// lies after it is met when the log comes there.
bool is_passed_over(const std::map<std::string, Bytes>& damaged) {
  return std::ranges::any_of(damaged, [](const auto& segment) {
    const Bytes& bytes = segment.second;
    const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
    if (bytes.size() < journal::segment_header_bytes + journal::block_bytes) return false;
    const auto first = bytes.begin() + journal::segment_header_bytes;
    const auto rest = first + journal::block_bytes;
    return std::all_of(first, rest, is_zero) && !std::all_of(rest, bytes.end(), is_zero);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const Log log = write_log(input);
  auto damaged = log.segments;
  for (int i = input.ConsumeIntegralInRange(0, 4); i > 0; --i) damage(input, damaged);

  lab::World world;
  lab::SeededRandom random{1};
  lab::VirtualDisk disk{world, random};
  for (const auto& [name, bytes] : damaged) disk.put(name, bytes);
  const Outcome first = recovered(world, disk);
  if (!first.start) {
    assert(damaged != log.segments && !first.start.error().line.contains('\n'));
    return 0;
  }
  const auto is_kept = [&](std::uint64_t payments) { return payments <= first.payments; };
  const auto kept = static_cast<std::uint64_t>(std::ranges::count_if(log.payments, is_kept));
  assert(first.payments == (kept == 0 ? 0 : log.payments[kept - 1]));
  assert(none_is_left(log, kept, damaged));

  const Outcome second = recovered(world, disk);
  assert(second.start && second.payments == first.payments);
  assert(!second.complained || is_passed_over(damaged));
  assert(second.start->chain.number == first.start->chain.number);
  return 0;
}
