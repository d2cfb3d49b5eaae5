#include "store/embedded/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <span>

#include "store/embedded/configured.h"
#include "store/embedded/replay.h"
#include "store/journal/record.h"
#include "store/journal/segment_pool.h"
#include "store/journal/segment_sizes.h"

namespace payswitch::store::embedded {

namespace {

using platform::Bytes;
using Line = std::expected<void, std::string>;

std::unexpected<std::string> line(const platform::DiskError& error) {
  return std::unexpected(error.message());
}

void append(Bytes& content, std::span<const std::byte> bytes) {
  content.insert(content.end(), bytes.begin(), bytes.end());
}

Bytes header_of(const Segment& segment) {
  const auto header = make_segment_header(segment);
  const auto bytes = std::as_bytes(std::span(&header, 1));
  Bytes content(bytes.begin(), bytes.end());
  content.resize(segment_header_bytes);
  return content;
}

class Recovery {
 public:
  Recovery(const Options& options, platform::Disk& disk, const platform::Clock& clock,
           platform::Log& log, const Archive& sealed, Index& index)
      : options_(options),
        disk_(disk),
        clock_(clock),
        log_(log),
        sealed_(sealed),
        index_(index),
        replay_(index, sealed.last()) {}

  std::expected<JournalStart, RefusedStart> run();

 private:
  std::expected<std::vector<std::uint64_t>, std::string> find_segments();
  std::expected<void, RefusedStart> read_segments();
  Line read_segment(std::uint64_t number);
  std::expected<bool, std::string> pass_segment(const std::string& name, std::uint64_t number);
  void tell() const;
  Line refresh_unused();
  Line open_segments();
  Line write_survivors(std::span<const std::byte> news);
  Segment as_written_now(Segment segment, std::uint64_t synced) const;
  Line write(const Segment& segment, const Bytes& content);
  void begin_segment(std::uint64_t number);
  void go_on_in(const Segment& segment, std::uint64_t offset);

  const Options& options_;
  platform::Disk& disk_;
  const platform::Clock& clock_;
  platform::Log& log_;
  const Archive& sealed_;
  Index& index_;
  Replay replay_;
  std::vector<std::string> superfluous_;
  Bytes survivors_;  // of the last segment that belongs to the log
  JournalStart start_;
};

std::expected<JournalStart, RefusedStart> Recovery::run() {
  if (auto read = read_segments(); !read) return std::unexpected(read.error());
  tell();
  start_.dropped_groups = replay_.dropped().groups;
  start_.chain = replay_.chain();
  start_.records = replay_.records();
  const auto configured =
      take_configuration(options_, clock_.wall(), log_, index_, start_.records + 1);
  if (!configured) return std::unexpected(RefusedStart{configured.error()});
  GroupBuffer group;
  for (const Record& record : *configured) group.add(record);
  start_.records += configured->size();
  std::span<const std::byte> news;
  if (!group.empty()) news = group.seal(start_.chain, clock_.wall());
  // First: as long as they hold a piece of a group, the log must not go on before them.
  if (auto refreshed = refresh_unused(); !refreshed) {
    return std::unexpected(RefusedStart{refreshed.error()});
  }
  if (auto written = write_survivors(news); !written) {
    return std::unexpected(RefusedStart{written.error()});
  }
  // With what was written the directory was synced: now the sealed files' names hold.
  superfluous_.insert(superfluous_.end(), sealed_.superseded().begin(), sealed_.superseded().end());
  for (const auto& name : superfluous_) {
    if (auto removed = disk_.remove(name); !removed) {
      return std::unexpected(RefusedStart{removed.error().message()});
    }
  }
  if (auto opened = open_segments(); !opened) return std::unexpected(RefusedStart{opened.error()});
  return std::move(start_);
}

// On the path of a payment nothing is opened any more.
Line Recovery::open_segments() {
  std::vector<Segment> next = {start_.segment};
  const auto ahead = std::min(start_.prepared.size(), max_open_ahead);
  next.insert(next.end(), start_.prepared.begin(),
              start_.prepared.begin() + static_cast<std::ptrdiff_t>(ahead));
  for (const Segment& segment : next) {
    if (auto opened = disk_.open_for_appends(segment_name(segment.number)); !opened) {
      return line(opened.error());
    }
  }
  return {};
}

// The numbers of the segments, in order. What was never finished is removed.
std::expected<std::vector<std::uint64_t>, std::string> Recovery::find_segments() {
  const auto names = disk_.list();
  if (!names) return line(names.error());
  std::vector<std::uint64_t> numbers;
  for (const auto& name : *names) {
    if (name.ends_with(".tmp")) {
      if (auto removed = disk_.remove(name); !removed) return line(removed.error());
    } else if (const auto number = segment_number(name)) {
      const bool is_sealed = *number <= sealed_.last().last_segment;
      is_sealed ? superfluous_.push_back(name) : numbers.push_back(*number);
    }
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::expected<void, RefusedStart> Recovery::read_segments() {
  const auto numbers = find_segments();
  if (!numbers) return std::unexpected(RefusedStart{numbers.error()});
  const SealInfo last = sealed_.last();
  if (numbers->empty() && !sealed_.empty()) {
    return std::unexpected(
        RefusedStart{.line = segment_name(last.last_segment + 1) + " is missing, but " +
                             sealed_.files().back()->name() + " is there",
                     .can_be_cut = true,
                     .cut = Cut{last.last_segment + 1, segment_header_bytes, last.chain}});
  }
  Line read;
  for (auto number = numbers->begin(); read && number != numbers->end(); ++number) {
    read = read_segment(*number);
  }
  if (read) read = replay_.finish();
  if (read) return {};
  const bool is_sealed = !index_.damage().empty();  // a sealed file is damaged
  return std::unexpected(RefusedStart{.line = read.error(),
                                      .can_be_cut = is_sealed || replay_.cut(),
                                      .cut = is_sealed ? std::nullopt : replay_.cut()});
}

Line Recovery::read_segment(std::uint64_t number) {
  const auto name = segment_name(number);
  if (replay_.is_behind_what_was_used()) {
    const auto passed = pass_segment(name, number);
    if (!passed) return std::unexpected(passed.error());
    if (*passed) return {};
  }
  auto file = disk_.read(name);
  if (!file) return line(file.error());
  if (auto read = replay_.read(*file, number); !read) return read;
  if (replay_.last().number == number) survivors_ = std::move(*file);
  return {};
}

std::expected<bool, std::string> Recovery::pass_segment(const std::string& name,
                                                        std::uint64_t number) {
  const auto file = disk_.open_for_reading(name);
  if (!file) return line(file.error());
  Bytes beginning(std::min<std::uint64_t>(Replay::beginning_bytes, (*file)->size()));
  if (auto read = (*file)->read(0, beginning); !read) return line(read.error());
  return replay_.pass(beginning, (*file)->size(), number);
}

void Recovery::tell() const {
  if (!sealed_.empty()) {
    log_.info("sealed books: {} payments in {} files, up to segment {}", sealed_.payments(),
              sealed_.files().size(), sealed_.last().last_segment);
  }
  log_.info("journal: {} records in {} groups read from {} segments{}",
            replay_.records() - sealed_.last().records,
            replay_.chain().number - sealed_.last().chain.number,
            replay_.last().number - std::min(replay_.last().number, sealed_.last().last_segment),
            replay_.ends_with_a_clean_stop() ? ", up to the end mark of a clean stop" : "");
  const auto& tear = replay_.tear();
  if (!tear) return;
  if (const auto& dropped = replay_.dropped(); dropped.groups > 0) {
    log_.error(
        "{}: the log ends at offset {}, and {} intact groups ({} records) behind the gap there are "
        "dropped: they were written with durability os, and a power cut took an earlier one; "
        "payments in them are forgotten, and may be charged again when they are repeated (see "
        "--restored in docs/runbook.md)",
        segment_name(tear->segment), tear->offset, dropped.groups, dropped.records);
    return;
  }
  log_.warn(
      "{}: dropped a torn tail at offset {}: the group that was written there when the process or "
      "the machine ended is not whole; if its sync had completed before that, the disk has damaged "
      "it since, and what it held was acknowledged",
      segment_name(tear->segment), tear->offset);
}

// What its header says from now on, when the first `synced` bytes of it are. A segment must not say
// that it is written with `os` when it is not: what is damage would be taken for a gap.
Segment Recovery::as_written_now(Segment segment, std::uint64_t synced) const {
  segment.version = format_version;
  segment.is_of_os = options_.durability == platform::Durability::os;
  segment.synced = segment.is_of_os ? synced : 0;
  return segment;
}

// Those that hold a piece of a group get their zeros back, those of an older format, or of another
// durability, the header of this one.
Line Recovery::refresh_unused() {
  for (const auto& unused : replay_.unused()) {
    const Segment segment = as_written_now(unused.segment, segment_header_bytes);
    start_.prepared.push_back(segment);
    const bool is_as_wanted =
        unused.segment.version == segment.version && unused.segment.is_of_os == segment.is_of_os;
    if (unused.only_zeros && is_as_wanted) continue;
    if (auto written = write(segment, header_of(segment)); !written) return written;
  }
  return {};
}

// Writes what survived to a fresh file under the old name, `news` behind it, or in the next
// segment when there is no room. Done also when nothing was torn: after a kill -9 what was read may
// be in the page cache alone. The directory is synced with it, so the prepared segments' names hold
// as well.
Line Recovery::write_survivors(std::span<const std::byte> news) {
  Segment segment = replay_.last();
  std::uint64_t end = replay_.end();
  start_.begin = index_.last_begin();
  if (segment.number == 0) {
    segment = {.number = 1, .size = first_segment_bytes(options_.segment_bytes)};
    end = segment_header_bytes;
    begin_segment(segment.number);
  }
  survivors_.resize(end);
  const bool fits = news.size() <= segment.size - end;
  if (fits) append(survivors_, news);
  segment = as_written_now(segment, survivors_.size());
  std::ranges::copy(header_of(segment), survivors_.begin());
  go_on_in(segment, survivors_.size());
  if (auto written = write(segment, survivors_); !written || fits) return written;

  Segment next{.number = segment.number + 1,
               .size = next_segment_bytes(segment.size, options_.segment_bytes)};
  if (!start_.prepared.empty()) {
    next = start_.prepared.front();
    start_.prepared.erase(start_.prepared.begin());
  }
  next = as_written_now(next, segment_header_bytes + news.size());
  Bytes content = header_of(next);
  append(content, news);
  go_on_in(next, content.size());
  begin_segment(next.number);
  return write(next, content);
}

// Behind all that was read.
void Recovery::begin_segment(std::uint64_t number) {
  start_.begin = {
      .segment = number, .first_sequence = replay_.records() + 1, .chain = replay_.chain()};
  index_.begin_segment(start_.begin);
}

Line Recovery::write(const Segment& segment, const Bytes& content) {
  assert(content.size() <= segment.size);
  auto written = disk_.replace(segment_name(segment.number), content, segment.size);
  if (!written) return line(written.error());
  return {};
}

void Recovery::go_on_in(const Segment& segment, std::uint64_t offset) {
  start_.segment = segment;
  start_.offset = offset;
}

}  // namespace

std::expected<JournalStart, RefusedStart> recover(const Options& options, platform::Disk& disk,
                                                  const platform::Clock& clock, platform::Log& log,
                                                  const Archive& sealed, Index& index) {
  return Recovery(options, disk, clock, log, sealed, index).run();
}

}  // namespace payswitch::store::embedded
