#include "store/embedded/cut.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "store/archive/file.h"
#include "store/journal/record.h"
#include "store/journal/segment.h"

namespace payswitch::store::embedded {

namespace {

using platform::Bytes;
using Line = std::expected<void, std::string>;

std::unexpected<std::string> line(const platform::DiskError& error) {
  return std::unexpected(error.message());
}

// "cut-3-journal-0000000042": of the third cut.
std::string name_aside(std::uint64_t cut, const std::string& name) {
  return fmt::format("cut-{}-{}", cut, name);
}

std::uint64_t next_cut(const std::vector<std::string>& names) {
  std::uint64_t number = 1;
  const auto is_taken = [&](const std::string& name) {
    return name.starts_with(fmt::format("cut-{}-", number));
  };
  while (std::ranges::any_of(names, is_taken)) ++number;
  return number;
}

class Cutting {
 public:
  Cutting(const Cut& cut, platform::Disk& disk, const platform::Clock& clock, platform::Log& log)
      : cut_(cut), disk_(disk), clock_(clock), log_(log) {}

  Line run();

 private:
  Line keep_the_whole_of_the_last();
  Line end_the_last();
  Line put_aside_what_follows();
  void count_lost(std::span<const std::byte> file);

  const Cut& cut_;
  platform::Disk& disk_;
  const platform::Clock& clock_;
  platform::Log& log_;
  std::vector<std::string> names_;
  std::uint64_t number_ = 0;
  Bytes last_;  // all bytes of the segment that becomes the last one
  std::uint64_t files_ = 0;
  std::uint64_t lost_batches_ = 0;
  std::uint64_t lost_records_ = 0;
};

Line Cutting::run() {
  auto names = disk_.list();
  if (!names) return line(names.error());
  names_ = *std::move(names);
  number_ = next_cut(names_);
  if (auto kept = keep_the_whole_of_the_last(); !kept) return kept;
  if (auto ended = end_the_last(); !ended) return ended;
  if (auto put = put_aside_what_follows(); !put) return put;
  log_.error(
      "the log was cut in {} at offset {}: {} files are kept aside as cut-{}-*, with {} groups ({} "
      "records) that can be read in them and count no more; the store is a restored one from now "
      "on, until --restored=done",
      journal::segment_name(cut_.segment), cut_.offset, files_, number_, lost_batches_,
      lost_records_);
  return {};
}

Line Cutting::keep_the_whole_of_the_last() {
  const auto name = journal::segment_name(cut_.segment);
  if (std::ranges::find(names_, name) == names_.end()) return {};
  auto bytes = disk_.read(name);
  if (!bytes) return line(bytes.error());
  last_ = *std::move(bytes);
  if (last_.size() > cut_.offset) count_lost(std::span(last_).subspan(cut_.offset));
  ++files_;
  if (auto kept = disk_.replace(name_aside(number_, name), last_, last_.size()); !kept) {
    return line(kept.error());
  }
  return {};
}

// In one step: the record must not be missing from a log that was cut.
Line Cutting::end_the_last() {
  journal::BatchBuilder batch;
  batch.add(journal::restored_record(true, clock_.wall()));
  journal::Chain chain = cut_.chain;
  const auto bytes = batch.finish(chain, clock_.wall());
  const auto size = std::max({journal::whole_blocks(last_.size()), cut_.offset + bytes.size(),
                              journal::min_segment_bytes});
  last_.resize(cut_.offset);
  last_.insert(last_.end(), bytes.begin(), bytes.end());
  const auto header = journal::make_segment_header({.number = cut_.segment, .size = size});
  std::ranges::fill(std::span(last_).first(journal::segment_header_bytes), std::byte{});
  std::ranges::copy(std::as_bytes(std::span(&header, 1)), last_.begin());
  const auto replaced = disk_.replace(journal::segment_name(cut_.segment), last_, size);
  if (!replaced) return line(replaced.error());
  return {};
}

// From the last one to the first: as long as one of them is there, the start is refused.
Line Cutting::put_aside_what_follows() {
  std::vector<std::pair<std::uint64_t, std::string>> after;
  for (const auto& name : names_) {
    if (const auto number = journal::segment_number(name); number && *number > cut_.segment) {
      after.emplace_back(*number, name);
    } else if (const auto archived = archive::segments_in_name(name)) {
      if (archived->second >= cut_.segment) after.emplace_back(archived->first, name);
    }
  }
  std::ranges::sort(after, std::greater<>());
  for (const auto& [number, name] : after) {
    if (journal::segment_number(name)) {
      if (const auto bytes = disk_.read(name)) count_lost(*bytes);
    }
    ++files_;
    if (auto renamed = disk_.rename(name, name_aside(number_, name)); !renamed) {
      return line(renamed.error());
    }
  }
  return {};
}

void Cutting::count_lost(std::span<const std::byte> file) {
  for (std::uint64_t offset = 0; offset + journal::slot_bytes <= file.size();
       offset += journal::block_bytes) {
    const auto batch = journal::batch_at(file, offset);
    if (!batch || batch->header.number <= cut_.chain.number) continue;
    ++lost_batches_;
    lost_records_ += batch->header.record_count;
  }
}

}  // namespace

std::string with_way_out(const RefusedStart& refusal) {
  if (!refusal.can_be_cut) return refusal.line;
  return refusal.line +
         "; bring it back from a copy (docs/runbook.md), or start once with --cut-at-damage, which "
         "gives up what lies there and behind it";
}

std::expected<Cut, std::string> cut_after_whole_archive_files(platform::Disk& disk) {
  const auto names = disk.list();
  if (!names) return line(names.error());
  archive::FileInfo last;
  // The order of names is that of first segments, then of last ones.
  for (auto name = names->begin(); name != names->end(); ++name) {
    const auto segments = archive::segments_in_name(*name);
    if (!segments || segments->first != last.last_segment + 1) continue;
    const auto next = std::next(name);
    const auto after = next == names->end() ? std::nullopt : archive::segments_in_name(*next);
    if (after && after->first == segments->first) continue;  // that one holds this one
    const auto file_on_disk = disk.open_for_reading(*name);
    if (!file_on_disk) return line(file_on_disk.error());
    if (archive::is_of_another_format(**file_on_disk)) {
      return std::unexpected(*name + " has another format version than this program reads");
    }
    const auto file = archive::File::open(*file_on_disk, *name);
    if (!file || !(*file)->check_whole() || (*file)->info().previous != last.seal) break;
    last = (*file)->info();
  }
  return Cut{.segment = last.last_segment + 1,
             .offset = journal::segment_header_bytes,
             .chain = last.chain};
}

std::expected<void, std::string> cut_log(const Cut& cut, platform::Disk& disk,
                                         const platform::Clock& clock, platform::Log& log) {
  return Cutting(cut, disk, clock, log).run();
}

}  // namespace payswitch::store::embedded
