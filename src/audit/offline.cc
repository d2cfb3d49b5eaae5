#include "audit/offline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "audit/journal_reader.h"
#include "store/embedded/sealed_file.h"

namespace payswitch::audit {

using namespace store::embedded;

namespace {

std::expected<std::vector<std::uint64_t>, std::string> find_segments(Files& files) {
  const auto names = files.list();
  if (!names) return std::unexpected(names.error().message());
  std::vector<std::uint64_t> numbers;
  for (const auto& name : *names) {
    if (const auto number = segment_number(name)) numbers.push_back(*number);
    if (sealed_segments(name)) {
      return std::unexpected(name + " is sealed, and sealed files are not read here: of this " +
                             "directory nothing can be said");
    }
  }
  std::ranges::sort(numbers);
  if (numbers.empty()) return std::unexpected("there is no journal in this directory");
  return numbers;
}

// What another version means by its bytes is not ours to judge.
bool is_of_another_version(std::span<const std::byte> file) {
  SegmentHeader header;
  if (file.size() < sizeof(header)) return false;
  std::memcpy(&header, file.data(), sizeof(header));
  return header.magic == segment_magic && header.version != format_version;
}

class Reading {
 public:
  std::expected<JournalReport, std::string> run(Files& files, Progress& progress);

 private:
  void note(JournalFinding finding) {
    ++report_.finding_count;
    if (report_.findings.size() < max_findings_told) report_.findings.push_back(std::move(finding));
  }
  void add(const Record& record, const Place& place) {
    if (auto wrong = audit_.add(record, reader_.is_behind_damage())) note({place, *wrong});
  }

  JournalReport report_;
  JournalAudit audit_;
  JournalReader reader_{
      {.record = [this](const Record& record, const Place& place) { add(record, place); },
       .finding = [this](JournalFinding finding) { note(std::move(finding)); }}};
};

std::expected<JournalReport, std::string> Reading::run(Files& files, Progress& progress) {
  const auto numbers = find_segments(files);
  if (!numbers) return std::unexpected(numbers.error());
  for (const auto number : *numbers) {
    const auto file = files.read(segment_name(number));
    if (!file) return std::unexpected(file.error().message());
    if (is_of_another_version(*file)) {
      return std::unexpected(segment_name(number) + " " + check_segment(*file, number).error());
    }
    reader_.read(*file, number);
    progress.at([&] {
      return fmt::format("read {} of {} segments, {} records", reader_.segments(), numbers->size(),
                         reader_.records());
    });
  }
  for (const auto& wrong : audit_.compare_totals()) note({{}, wrong});
  report_.segments = reader_.segments();
  report_.groups = reader_.groups();
  report_.records = reader_.records();
  report_.tear = reader_.tear();
  report_.sums = audit_.sums();
  return std::move(report_);
}

}  // namespace

std::expected<JournalReport, std::string> audit_journal(Files& files, Progress& progress) {
  std::optional<std::vector<JournalFinding>> before;
  for (int reading = 0; reading < max_readings; ++reading) {
    auto report = Reading().run(files, progress);
    if (!report || report->findings.empty() || report->findings == before) return report;
    before = std::move(report->findings);
  }
  return std::unexpected(
      fmt::format("the journal was read {} times and was never the same: audit it when the switch "
                  "is idle or stopped",
                  max_readings));
}

}  // namespace payswitch::audit
