#include "store/embedded/check/directory_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <ranges>

#include "store/archive/file_set.h"
#include "store/archive/format.h"
#include "store/embedded/check/archive_audit.h"
#include "store/embedded/check/salvage_reader.h"

namespace payswitch::store::embedded::check {

namespace {

// The oldest are the ones that are removed while the directory is read.
constexpr std::size_t max_held_segments = 256;

// What another version means by its bytes is not ours to judge.
bool is_of_another_version(std::span<const std::byte> file) {
  journal::SegmentHeader header;
  if (file.size() < sizeof(header)) return false;
  std::memcpy(&header, file.data(), sizeof(header));
  return header.magic == journal::segment_magic && !journal::is_read(header.version);
}

// Blocks.
platform::DiskResult<platform::Bytes> content_of(const platform::RandomAccessFile& file) {
  platform::Bytes content(file.size());
  if (auto read = file.read(0, content); !read) return std::unexpected(read.error());
  return content;
}

// A batch was written to it; a prepared segment holds zeros.
bool is_begun(const platform::RandomAccessFile& file) {
  std::array<std::byte, journal::block_bytes> first{};
  return file.size() >= journal::segment_header_bytes + first.size() &&
         file.read(journal::segment_header_bytes, first) &&
         std::ranges::any_of(first, [](std::byte byte) { return byte != std::byte{0}; });
}

// One reading of the directory, beside a switch that may be at work on it. It tells of the log as
// it was at some moment since the reading began:
//   - What may be archived, merged and removed while it is read is opened at once, and stays
//   readable.
//   - The newest segment that is begun then is the last one of which batches are taken: those
//   before
//     it do not change any more, and one that is begun later may go on after batches that came when
//     its predecessor had been read.
// What is gone all the same when it is opened, or cannot follow what was read before, is a
// discrepancy like any other: it is not the same the next time.
class Reading {
 public:
  Reading(Files& files, platform::Progress& progress) : files_(files), progress_(progress) {}

  std::expected<Report, std::string> run();

 private:
  using Line = std::expected<void, std::string>;
  using SegmentFile = std::shared_ptr<const platform::RandomAccessFile>;

  void note(Discrepancy discrepancy) {
    ++report_.discrepancy_count;
    if (report_.discrepancies.size() < max_discrepancies_reported)
      report_.discrepancies.push_back(std::move(discrepancy));
  }
  bool load_archive(const std::vector<std::string>& names);
  std::expected<SegmentFile, std::string> open_segment(std::uint64_t number);
  Line open_segments(const std::vector<std::string>& names);
  Line read_journal();
  Line read_segments(SalvageReader& reader);

  Files& files_;
  platform::Progress& progress_;
  Report report_;
  archive::FileSet archive_;
  // By their numbers; null: not open, for there are many.
  std::map<std::uint64_t, SegmentFile> segments_;
  std::uint64_t last_begun_ = 0;  // its number, when they were opened
  std::string other_version_;     // why it is not ours to judge
};

std::expected<Report, std::string> Reading::run() {
  const auto names = files_.list();
  if (!names) return std::unexpected(names.error().message());
  const bool is_loaded = load_archive(*names);
  if (!other_version_.empty()) return std::unexpected(other_version_);
  if (auto opened = open_segments(*names); !opened) return std::unexpected(opened.error());
  const auto on_discrepancy = [this](Discrepancy discrepancy) { note(std::move(discrepancy)); };
  if (!is_loaded || !audit_archive(archive_, progress_, on_discrepancy)) {
    note({{}, "the journal was not read, for what is sealed before it is not to be relied on"});
    return std::move(report_);
  }
  if (auto read = read_journal(); !read) return std::unexpected(read.error());
  return std::move(report_);
}

// False: what is there cannot be relied on.
bool Reading::load_archive(const std::vector<std::string>& names) {
  auto loaded = archive::FileSet::load(names, [this](const std::string& name) {
    auto file = files_.open_for_reading(name);
    if (file && archive::is_of_another_format(**file)) {
      other_version_ = name + " has another format version than this program reads";
    }
    return file;
  });
  if (!loaded) {
    note({{}, loaded.error()});
    return false;
  }
  archive_ = *std::move(loaded);
  report_.sealed_files = archive_.files().size();
  report_.sealed_payments = archive_.payments();
  return true;
}

Reading::Line Reading::open_segments(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const auto number = journal::segment_number(name);
    // Up to the last one that is archived they only wait to be removed.
    if (!number || *number <= archive_.last().last_segment) continue;
    segments_[*number];
  }
  std::size_t held = 0;
  for (auto& [number, segment] : segments_) {
    if (++held > max_held_segments) break;
    auto opened = open_segment(number);
    if (!opened) return std::unexpected(opened.error());
    segment = *std::move(opened);
  }
  for (const auto& [number, segment] : std::views::reverse(segments_)) {
    const auto opened = open_segment(number);
    if (!opened) return std::unexpected(opened.error());
    if (!*opened || !is_begun(**opened)) continue;
    last_begun_ = number;
    break;
  }
  return {};
}

// Null: it is gone, which is noted.
std::expected<Reading::SegmentFile, std::string> Reading::open_segment(std::uint64_t number) {
  if (segments_[number]) return segments_[number];
  const auto name = journal::segment_name(number);
  auto file = files_.open_for_reading(name);
  if (file) return *std::move(file);
  if (file.error().code != ENOENT) return std::unexpected(file.error().message());
  note({{name, 0}, "was there, and is gone"});
  return nullptr;
}

Reading::Line Reading::read_journal() {
  if (segments_.empty() && archive_.empty()) {
    return std::unexpected("there is no journal in this directory");
  }
  if (segments_.empty()) {
    const auto name = journal::segment_name(archive_.last().last_segment + 1);
    note({{name, 0}, "is missing, but " + archive_.files().back()->name() + " is there"});
  }
  RecordAudit audit(archive_);
  SalvageReader reader(
      {.record =
           [&](const journal::Record& record, const Place& place) {
             if (auto wrong = audit.add(record, reader.is_after_damage())) note({place, *wrong});
           },
       .discrepancy = [this](Discrepancy discrepancy) { note(std::move(discrepancy)); }},
      archive_.last());
  if (auto read = read_segments(reader); !read) return read;
  for (const auto& wrong : audit.compare_totals(reader.is_after_damage())) note({{}, wrong});
  report_.segments = reader.segments();
  report_.batches = reader.batches();
  report_.records = reader.records();
  report_.tear = reader.tear();
  report_.sums = audit.sums();
  return {};
}

Reading::Line Reading::read_segments(SalvageReader& reader) {
  for (const auto& [number, segment] : segments_) {
    const auto file = open_segment(number);
    if (!file) return std::unexpected(file.error());
    if (!*file) continue;
    if (number > last_begun_ && is_begun(**file)) break;
    const auto content = content_of(**file);
    if (!content) return std::unexpected(content.error().message());
    if (is_of_another_version(std::span(*content))) {
      return std::unexpected(journal::segment_name(number) + " " +
                             journal::check_segment(*content, number).error());
    }
    reader.read(*content, number);
    progress_.at([&] {
      return fmt::format("read {} of {} segments, {} records", reader.segments(), segments_.size(),
                         reader.records());
    });
  }
  return {};
}

}  // namespace

std::expected<Report, std::string> check_directory(Files& files, platform::Progress& progress) {
  std::optional<std::vector<Discrepancy>> before;
  for (int reading = 0; reading < max_readings; ++reading) {
    auto report = Reading(files, progress).run();
    if (!report || report->discrepancies.empty() || report->discrepancies == before) return report;
    before = std::move(report->discrepancies);
  }
  return std::unexpected(
      fmt::format("the journal was read {} times and was never the same: audit it when the switch "
                  "is idle or stopped",
                  max_readings));
}

}  // namespace payswitch::store::embedded::check
