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

// How this works: what was read may be in the page cache alone, and the tail of the journal may be
// torn. So the last segment of the log is written anew before anything is acted upon:
//
//     journal-3  │ 1 … 40 │ torn │          what was found
//     journal-4  │ zeros │                  prepared, never used
//
//     journal-3  │ 1 … 40 │ 41 │ zeros │    written anew under a temporary name, synced, renamed
//     journal-4  │ zeros │                  kept; written anew if it holds a piece of a batch
//
// Batch 41 is what the configuration adds: names of processors, origins, facts. It goes into the
// next segment when the last one has no room for it.
//
// The order matters. First, unused segments get their zeros back: as long as one of them holds a
// later batch, the log must not go on before it. Then the last segment is written; with it the
// directory is synced, so the names of archive files and of prepared segments hold too. Only then
// are segments and archive files removed that others have taken the place of. A process that dies
// between two steps starts with the same log.

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

Bytes header_of(const journal::Segment& segment) {
  const auto header = journal::make_segment_header(segment);
  const auto bytes = std::as_bytes(std::span(&header, 1));
  Bytes content(bytes.begin(), bytes.end());
  content.resize(journal::segment_header_bytes);
  return content;
}

class Recovery {
 public:
  Recovery(const Options& options, platform::Disk& disk, const platform::Clock& clock,
           platform::Log& log, const archive::FileSet& archive, Index& index)
      : options_(options),
        disk_(disk),
        clock_(clock),
        log_(log),
        archive_(archive),
        index_(index),
        replay_(index, archive) {}

  std::expected<journal::Start, RefusedStart> run();

 private:
  std::expected<std::vector<std::uint64_t>, std::string> find_segments();
  std::expected<void, RefusedStart> read_segments();
  Line read_segment(std::uint64_t number);
  std::expected<bool, std::string> pass_segment(const std::string& name, std::uint64_t number);
  void tell() const;
  Line refresh_unused();
  Line open_segments();
  Line write_survivors(std::span<const std::byte> additions);
  journal::Segment as_written_now(journal::Segment segment, std::uint64_t synced) const;
  Line write(const journal::Segment& segment, const Bytes& content);
  void begin_segment(std::uint64_t number);
  void go_on_in(const journal::Segment& segment, std::uint64_t offset);

  const Options& options_;
  platform::Disk& disk_;
  const platform::Clock& clock_;
  platform::Log& log_;
  const archive::FileSet& archive_;
  Index& index_;
  Replay replay_;
  std::vector<std::string> obsolete_;
  Bytes survivors_;  // of the last segment that belongs to the log
  journal::Start start_;
};

std::expected<journal::Start, RefusedStart> Recovery::run() {
  if (auto read = read_segments(); !read) return std::unexpected(read.error());
  tell();
  start_.dropped_batches = replay_.dropped().batches;
  start_.chain = replay_.chain();
  start_.records = replay_.records();
  const auto configured =
      take_configuration(options_, clock_.wall(), log_, index_, start_.records + 1);
  if (!configured) return std::unexpected(RefusedStart{configured.error()});
  journal::BatchBuilder batch;
  for (const journal::Record& record : *configured) batch.add(record);
  start_.records += configured->size();
  std::span<const std::byte> additions;
  if (!batch.empty()) additions = batch.finish(start_.chain, clock_.wall());
  // First: as long as they hold a piece of a batch, the log must not go on before them.
  if (auto refreshed = refresh_unused(); !refreshed) {
    return std::unexpected(RefusedStart{refreshed.error()});
  }
  if (auto written = write_survivors(additions); !written) {
    return std::unexpected(RefusedStart{written.error()});
  }
  // With what was written the directory was synced: now the archive files' names hold.
  obsolete_.insert(obsolete_.end(), archive_.superseded().begin(), archive_.superseded().end());
  for (const auto& name : obsolete_) {
    if (auto removed = disk_.remove(name); !removed) {
      return std::unexpected(RefusedStart{removed.error().message()});
    }
  }
  if (auto opened = open_segments(); !opened) return std::unexpected(RefusedStart{opened.error()});
  return std::move(start_);
}

// On the path of a payment nothing is opened any more.
Line Recovery::open_segments() {
  std::vector<journal::Segment> next = {start_.segment};
  const auto ahead = std::min(start_.prepared.size(), journal::max_open_ahead);
  next.insert(next.end(), start_.prepared.begin(),
              start_.prepared.begin() + static_cast<std::ptrdiff_t>(ahead));
  for (const journal::Segment& segment : next) {
    if (auto opened = disk_.open_for_appends(journal::segment_name(segment.number)); !opened) {
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
    } else if (const auto number = journal::segment_number(name)) {
      const bool is_sealed = *number <= archive_.last().last_segment;
      is_sealed ? obsolete_.push_back(name) : numbers.push_back(*number);
    }
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::expected<void, RefusedStart> Recovery::read_segments() {
  const auto numbers = find_segments();
  if (!numbers) return std::unexpected(RefusedStart{numbers.error()});
  const archive::FileInfo last = archive_.last();
  if (numbers->empty() && !archive_.empty()) {
    return std::unexpected(
        RefusedStart{.line = journal::segment_name(last.last_segment + 1) + " is missing, but " +
                             archive_.files().back()->name() + " is there",
                     .can_be_cut = true,
                     .cut = Cut{last.last_segment + 1, journal::segment_header_bytes, last.chain}});
  }
  Line read;
  for (auto number = numbers->begin(); read && number != numbers->end(); ++number) {
    read = read_segment(*number);
  }
  if (read) read = replay_.finish();
  if (read) return {};
  const bool is_known_where = !replay_.archive_is_damaged();
  return std::unexpected(RefusedStart{.line = read.error(),
                                      .can_be_cut = !is_known_where || replay_.cut(),
                                      .cut = is_known_where ? replay_.cut() : std::nullopt});
}

Line Recovery::read_segment(std::uint64_t number) {
  const auto name = journal::segment_name(number);
  if (replay_.is_after_what_was_used()) {
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
  if (!archive_.empty()) {
    log_.info("sealed books: {} payments in {} files, up to segment {}", archive_.payments(),
              archive_.files().size(), archive_.last().last_segment);
  }
  log_.info("journal: {} records in {} groups read from {} segments{}",
            replay_.records() - archive_.last().records,
            replay_.chain().number - archive_.last().chain.number,
            replay_.last().number - std::min(replay_.last().number, archive_.last().last_segment),
            replay_.ends_with_a_clean_stop() ? ", up to the end mark of a clean stop" : "");
  const auto& tear = replay_.tear();
  if (!tear) return;
  if (const auto& dropped = replay_.dropped(); dropped.batches > 0) {
    log_.error(
        "{}: the log ends at offset {}, and {} intact groups ({} records) behind the gap there are "
        "dropped: they were written with durability os, and a power cut took an earlier one; "
        "payments in them are forgotten, and may be charged again when they are repeated (see "
        "--restored in docs/runbook.md)",
        journal::segment_name(tear->segment), tear->offset, dropped.batches, dropped.records);
    return;
  }
  log_.warn(
      "{}: dropped a torn tail at offset {}: the group that was written there when the process or "
      "the machine ended is not whole; if its sync had completed before that, the disk has damaged "
      "it since, and what it held was acknowledged",
      journal::segment_name(tear->segment), tear->offset);
}

// What its header says from now on, when the first `synced` bytes of it are. A segment must not say
// that it is written with `os` when it is not: what is damage would be taken for a gap.
journal::Segment Recovery::as_written_now(journal::Segment segment, std::uint64_t synced) const {
  segment.version = journal::format_version;
  segment.is_of_os = options_.durability == platform::Durability::os;
  segment.synced = segment.is_of_os ? synced : 0;
  return segment;
}

// Those that hold a piece of a batch get their zeros back, those of an older format, or of another
// durability, the header of this one.
Line Recovery::refresh_unused() {
  for (const auto& unused : replay_.unused()) {
    const journal::Segment segment = as_written_now(unused.segment, journal::segment_header_bytes);
    start_.prepared.push_back(segment);
    const bool is_as_wanted =
        unused.segment.version == segment.version && unused.segment.is_of_os == segment.is_of_os;
    if (unused.only_zeros && is_as_wanted) continue;
    if (auto written = write(segment, header_of(segment)); !written) return written;
  }
  return {};
}

// Writes what survived to a fresh file under the old name, `news` after it, or in the next
// segment when there is no room. Done also when nothing was torn: after a kill -9 what was read may
// be in the page cache alone. The directory is synced with it, so the prepared segments' names hold
// as well.
Line Recovery::write_survivors(std::span<const std::byte> additions) {
  journal::Segment segment = replay_.last();
  std::uint64_t end = replay_.end();
  start_.begin = index_.last_begin();
  if (segment.number == 0) {
    segment = {.number = 1, .size = journal::first_segment_bytes(options_.segment_bytes)};
    end = journal::segment_header_bytes;
    begin_segment(segment.number);
  }
  survivors_.resize(end);
  const bool fits = additions.size() <= segment.size - end;
  if (fits) append(survivors_, additions);
  segment = as_written_now(segment, survivors_.size());
  std::ranges::copy(header_of(segment), survivors_.begin());
  go_on_in(segment, survivors_.size());
  if (auto written = write(segment, survivors_); !written || fits) return written;

  journal::Segment next{.number = segment.number + 1,
                        .size = journal::next_segment_bytes(segment.size, options_.segment_bytes)};
  if (!start_.prepared.empty()) {
    next = start_.prepared.front();
    start_.prepared.erase(start_.prepared.begin());
  }
  next = as_written_now(next, journal::segment_header_bytes + additions.size());
  Bytes content = header_of(next);
  append(content, additions);
  go_on_in(next, content.size());
  begin_segment(next.number);
  return write(next, content);
}

// After all that was read.
void Recovery::begin_segment(std::uint64_t number) {
  start_.begin = {
      .segment = number, .first_sequence = replay_.records() + 1, .chain = replay_.chain()};
  index_.begin_segment(start_.begin);
}

Line Recovery::write(const journal::Segment& segment, const Bytes& content) {
  assert(content.size() <= segment.size);
  auto written = disk_.replace(journal::segment_name(segment.number), content, segment.size);
  if (!written) return line(written.error());
  return {};
}

void Recovery::go_on_in(const journal::Segment& segment, std::uint64_t offset) {
  start_.segment = segment;
  start_.offset = offset;
}

}  // namespace

std::expected<journal::Start, RefusedStart> recover(const Options& options, platform::Disk& disk,
                                                    const platform::Clock& clock,
                                                    platform::Log& log,
                                                    const archive::FileSet& archive, Index& index) {
  return Recovery(options, disk, clock, log, archive, index).run();
}

}  // namespace payswitch::store::embedded
