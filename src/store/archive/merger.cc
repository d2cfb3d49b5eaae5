#include "store/archive/merger.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>

#include "store/archive/cursor.h"

namespace payswitch::store::archive {

using platform::DiskError;
using platform::DiskResult;

namespace {

std::unexpected<DiskError> damage(std::string what) {
  return std::unexpected(DiskError{EIO, std::move(what)});
}

DiskResult<void> damage(const Read<void>& read) {
  return damage(read.error().damage);
}

DiskResult<void> merge_payments(Builder& builder, const Files& parts) {
  MergedCursor cursor(parts, std::nullopt);
  std::optional<payment::CorrelationId> last;
  for (;;) {
    if (auto moved = cursor.next(Wait::yes); !moved) return damage(moved);
    if (cursor.entry() == nullptr) return {};
    const auto id = cursor.entry()->id();
    if (last && id <= *last) return damage("payment " + id.to_string() + " is sealed twice");
    last = id;
    if (auto added = builder.add(*cursor.entry()); !added) return added;
  }
}

DiskResult<void> merge_sums(Builder& builder, const Files& parts,
                            payment::ProcessorNumber processor) {
  std::vector<std::unique_ptr<SumCursor>> cursors;
  for (const auto& part : parts) {
    cursors.push_back(std::make_unique<SumCursor>(*part, processor));
    if (auto moved = cursors.back()->next(Wait::yes); !moved) return damage(moved);
  }
  const auto time_of = [](const auto& cursor) { return cursor->moment()->time; };
  for (;;) {
    std::erase_if(cursors, [](const auto& cursor) { return !cursor->moment(); });
    if (cursors.empty()) return {};
    const auto time = time_of(*std::ranges::min_element(cursors, {}, time_of));
    payment::Total total;
    for (auto& cursor : cursors) {
      if (time_of(cursor) != time) continue;
      total += cursor->moment()->total;
      if (auto moved = cursor->next(Wait::yes); !moved) return damage(moved);
    }
    if (auto added = builder.add(processor, time, total); !added) return added;
  }
}

DiskResult<void> write_merged(platform::FileWriter& out, const Files& parts, const FileInfo& info) {
  Builder builder(out, info);
  if (auto merged = merge_payments(builder, parts); !merged) return merged;
  for (std::size_t processor = 0; processor < info.names.size(); ++processor) {
    auto merged = merge_sums(builder, parts, static_cast<payment::ProcessorNumber>(processor));
    if (!merged) return merged;
  }
  return builder.finish();
}

}  // namespace

// It ends where the last part ends, and takes its place in the chain of seals.
FileInfo merged_info(const Files& parts, std::uint64_t filter_seed) {
  assert(parts.size() >= 2);
  FileInfo info = parts.back()->info();
  info.first_segment = parts.front()->info().first_segment;
  info.previous = parts.front()->info().previous;
  info.filter_seed = filter_seed;
  info.payments = 0;
  info.findings = 0;
  for (const auto& part : parts) {
    info.payments += part->info().payments;
    info.findings += part->info().findings;
  }
  return info;
}

platform::Disk::Content merged_content(const Files& parts, const FileInfo& info) {
  return [parts, info](platform::FileWriter& out) { return write_merged(out, parts, info); };
}

}  // namespace payswitch::store::archive
