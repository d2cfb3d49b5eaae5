#include "store/embedded/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <span>

#include "store/embedded/configured.h"
#include "store/embedded/record.h"
#include "store/embedded/replay.h"
#include "store/embedded/supply.h"

namespace payswitch::store::embedded {

namespace {

using world::Bytes;
using Line = std::expected<void, std::string>;

std::unexpected<std::string> line(const world::DiskError& error) {
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
  Recovery(const Options& options, world::Disk& disk, const world::Clock& clock, world::Log& log,
           const SealedBooks& sealed, Index& index)
      : options_(options),
        disk_(disk),
        clock_(clock),
        log_(log),
        sealed_(sealed),
        index_(index),
        replay_(index, sealed.last()) {}

  std::expected<JournalStart, std::string> run();

 private:
  std::expected<std::vector<std::uint64_t>, std::string> find_segments();
  Line read_segments();
  void tell() const;
  Line refresh_unused();
  Line open_segments();
  Line write_survivors(std::span<const std::byte> news);
  Line write(const Segment& segment, const Bytes& content);
  void begin_segment(std::uint64_t number);
  void go_on_in(const Segment& segment, std::uint64_t offset);

  const Options& options_;
  world::Disk& disk_;
  const world::Clock& clock_;
  world::Log& log_;
  const SealedBooks& sealed_;
  Index& index_;
  Replay replay_;
  std::vector<std::string> superfluous_;
  Bytes survivors_;  // of the last segment that belongs to the log
  JournalStart start_;
};

std::expected<JournalStart, std::string> Recovery::run() {
  if (auto read = read_segments(); !read) return std::unexpected(read.error());
  tell();
  start_.chain = replay_.chain();
  start_.records = replay_.records();
  const auto configured =
      take_configuration(options_, clock_.wall(), log_, index_, start_.records + 1);
  if (!configured) return std::unexpected(configured.error());
  GroupBuffer group;
  for (const Record& record : *configured) group.add(record);
  start_.records += configured->size();
  std::span<const std::byte> news;
  if (!group.empty()) news = group.seal(start_.chain, clock_.wall());
  // First: as long as they hold a piece of a group, the log must not go on before them.
  if (auto refreshed = refresh_unused(); !refreshed) return std::unexpected(refreshed.error());
  if (auto written = write_survivors(news); !written) return std::unexpected(written.error());
  // With what was written the directory was synced: now the sealed files' names hold.
  superfluous_.insert(superfluous_.end(), sealed_.superseded().begin(), sealed_.superseded().end());
  for (const auto& name : superfluous_) {
    if (auto removed = disk_.remove(name); !removed) return line(removed.error());
  }
  if (auto opened = open_segments(); !opened) return std::unexpected(opened.error());
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

Line Recovery::read_segments() {
  const auto numbers = find_segments();
  if (!numbers) return std::unexpected(numbers.error());
  if (numbers->empty() && !sealed_.empty()) {
    return std::unexpected(segment_name(sealed_.last().last_segment + 1) + " is missing, but " +
                           sealed_.files().back()->name() + " is there");
  }
  for (const auto number : *numbers) {
    auto file = disk_.read(segment_name(number));
    if (!file) return line(file.error());
    if (auto read = replay_.read(*file, number); !read) return read;
    if (replay_.last().number == number) survivors_ = std::move(*file);
  }
  return replay_.finish();
}

void Recovery::tell() const {
  if (!sealed_.empty()) {
    log_.info("sealed books: {} payments in {} files, up to segment {}", sealed_.payments(),
              sealed_.files().size(), sealed_.last().last_segment);
  }
  log_.info("journal: {} records in {} groups read from {} segments",
            replay_.records() - sealed_.last().records,
            replay_.chain().number - sealed_.last().chain.number,
            replay_.last().number - std::min(replay_.last().number, sealed_.last().last_segment));
  if (const auto& tear = replay_.tear()) {
    log_.warn("{}: dropped a torn tail at offset {}: it was never acknowledged",
              segment_name(tear->segment), tear->offset);
  }
}

// Those that hold a piece of a group get their zeros back, those of an older format its header.
Line Recovery::refresh_unused() {
  for (const auto& unused : replay_.unused()) {
    start_.prepared.push_back(unused.segment);
    if (unused.only_zeros && unused.segment.version == format_version) continue;
    if (auto written = write(unused.segment, header_of(unused.segment)); !written) return written;
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
    segment = {.number = 1, .size = options_.segment_bytes};
    end = segment_header_bytes;
    survivors_ = header_of(segment);
    begin_segment(segment.number);
  }
  survivors_.resize(end);
  std::ranges::copy(header_of(segment), survivors_.begin());  // it may be of an older format
  const bool fits = news.size() <= segment.size - end;
  if (fits) append(survivors_, news);
  go_on_in(segment, survivors_.size());
  if (auto written = write(segment, survivors_); !written || fits) return written;

  Segment next{.number = segment.number + 1, .size = options_.segment_bytes};
  if (!start_.prepared.empty()) {
    next = start_.prepared.front();
    start_.prepared.erase(start_.prepared.begin());
  }
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

std::expected<JournalStart, std::string> recover(const Options& options, world::Disk& disk,
                                                 const world::Clock& clock, world::Log& log,
                                                 const SealedBooks& sealed, Index& index) {
  return Recovery(options, disk, clock, log, sealed, index).run();
}

}  // namespace payswitch::store::embedded
