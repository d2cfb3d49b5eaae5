#include "audit/offline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "audit/journal_reader.h"
#include "audit/sealed_audit.h"
#include "store/embedded/sealed_books.h"
#include "store/embedded/sealed_format.h"

namespace payswitch::audit {

using namespace store::embedded;

namespace {

// What another version means by its bytes is not ours to judge.
bool is_of_another_version(std::span<const std::byte> file) {
  SegmentHeader header;
  if (file.size() < sizeof(header)) return false;
  std::memcpy(&header, file.data(), sizeof(header));
  return header.magic == segment_magic && !is_read(header.version);
}

// One reading of the directory. What is gone when it is read, or cannot follow what was read
// before, is a finding like any other: it is not the same the next time.
class Reading {
 public:
  Reading(Files& files, Progress& progress) : files_(files), progress_(progress) {}

  std::expected<JournalReport, std::string> run();

 private:
  using Line = std::expected<void, std::string>;

  void note(JournalFinding finding) {
    ++report_.finding_count;
    if (report_.findings.size() < max_findings_told) report_.findings.push_back(std::move(finding));
  }
  bool load_sealed(const std::vector<std::string>& names);
  Line read_journal(const std::vector<std::string>& names);
  Line read_segments(const std::vector<std::uint64_t>& numbers, JournalReader& reader);

  Files& files_;
  Progress& progress_;
  JournalReport report_;
  SealedBooks sealed_;
  std::string other_version_;  // why it is not ours to judge
};

std::expected<JournalReport, std::string> Reading::run() {
  const auto names = files_.list();
  if (!names) return std::unexpected(names.error().message());
  const bool is_whole = load_sealed(*names);
  if (!other_version_.empty()) return std::unexpected(other_version_);
  if (!is_whole) {
    note({{}, "the journal was not read, for what is sealed before it is not to be relied on"});
    return std::move(report_);
  }
  if (auto read = read_journal(*names); !read) return std::unexpected(read.error());
  return std::move(report_);
}

// False: what is there cannot be relied on.
bool Reading::load_sealed(const std::vector<std::string>& names) {
  auto loaded = SealedBooks::load(names, [this](const std::string& name) {
    auto file = files_.open_still(name);
    if (file && is_of_another_format(**file)) {
      other_version_ = name + " has another format version than this program reads";
    }
    return file;
  });
  if (!loaded) {
    note({{}, loaded.error()});
    return false;
  }
  sealed_ = *std::move(loaded);
  report_.sealed_files = sealed_.files().size();
  report_.sealed_payments = sealed_.payments();
  return audit_sealed(sealed_, progress_, [this](JournalFinding finding) { note(finding); });
}

Reading::Line Reading::read_journal(const std::vector<std::string>& names) {
  std::vector<std::uint64_t> numbers;
  for (const auto& name : names) {
    const auto number = segment_number(name);
    // Up to the last one that is sealed they only wait to be removed.
    if (number && *number > sealed_.last().last_segment) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  if (numbers.empty() && sealed_.empty()) {
    return std::unexpected("there is no journal in this directory");
  }
  if (numbers.empty()) {
    const auto name = segment_name(sealed_.last().last_segment + 1);
    note({{name, 0}, "is missing, but " + sealed_.files().back()->name() + " is there"});
  }
  JournalAudit audit(sealed_);
  JournalReader reader({.record =
                            [&](const Record& record, const Place& place) {
                              if (auto wrong = audit.add(record, reader.is_behind_damage()))
                                note({place, *wrong});
                            },
                        .finding = [this](JournalFinding finding) { note(std::move(finding)); }},
                       sealed_.last());
  if (auto read = read_segments(numbers, reader); !read) return read;
  for (const auto& wrong : audit.compare_totals(reader.is_behind_damage())) note({{}, wrong});
  report_.segments = reader.segments();
  report_.groups = reader.groups();
  report_.records = reader.records();
  report_.tear = reader.tear();
  report_.sums = audit.sums();
  return {};
}

Reading::Line Reading::read_segments(const std::vector<std::uint64_t>& numbers,
                                     JournalReader& reader) {
  for (const auto number : numbers) {
    const auto name = segment_name(number);
    const auto file = files_.read(name);
    if (!file && file.error().code == ENOENT) {
      note({{name, 0}, "was there, and is gone"});
      continue;
    }
    if (!file) return std::unexpected(file.error().message());
    if (is_of_another_version(std::span(*file))) {
      return std::unexpected(name + " " + check_segment(*file, number).error());
    }
    reader.read(*file, number);
    progress_.at([&] {
      return fmt::format("read {} of {} segments, {} records", reader.segments(), numbers.size(),
                         reader.records());
    });
  }
  return {};
}

}  // namespace

std::expected<JournalReport, std::string> audit_journal(Files& files, Progress& progress) {
  std::optional<std::vector<JournalFinding>> before;
  for (int reading = 0; reading < max_readings; ++reading) {
    auto report = Reading(files, progress).run();
    if (!report || report->findings.empty() || report->findings == before) return report;
    before = std::move(report->findings);
  }
  return std::unexpected(
      fmt::format("the journal was read {} times and was never the same: audit it when the switch "
                  "is idle or stopped",
                  max_readings));
}

}  // namespace payswitch::audit
