#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "platform/disk.h"
#include "platform/lifetime.h"
#include "platform/log.h"
#include "platform/loop.h"
#include "platform/random.h"
#include "store/archive/file_set.h"
#include "store/counters.h"
#include "store/embedded/index.h"
#include "store/journal/writer.h"

namespace payswitch::store::embedded {

// How many payments are carried forward before the journal has made them durable.
inline constexpr std::size_t carried_at_once = 128;

// How many places of the index are looked at in one turn of the loop.
inline constexpr std::size_t places_at_once = 1024;

// After a failure: doubled each time, up to the longest. On a full disk not: the reserve is short.
inline constexpr auto compaction_retry = std::chrono::seconds(1);
inline constexpr auto longest_compaction_retry = std::chrono::seconds(64);

// Compacts the segments that the journal has left, the oldest first, beside the work
// (PROTOCOL 4.5):
//   1. payments whose home is there and that are not settled, and facts whose home is there, are
//      carried forward at the end of the journal;
//   2. when that survives a power cut, what was settled goes into an archive file;
//   3. when that is durable, it is read from there; then the segment is removed.
// Before there are too many archive files, some are merged; on a full disk, as soon as they are
// small enough. There both are done in the room of a prepared segment, and free more than that: so
// the reserve lasts for any number of attempts (PROTOCOL 4.4). A failure costs nothing but space:
// it says so, and tries again. Loop thread only.
class Compactor {
 public:
  struct Dependencies {
    Index& index;
    journal::Writer& journal;
    archive::FileSet& archive;
    platform::Disk& disk;
    platform::Loop& loop;
    platform::Timers& timers;
    platform::Random& random;  // of the filters' seeds
    platform::Log& log;
    Counters& counters;
    platform::Callback on_idle;  // it is not making room any more
  };

  explicit Compactor(Dependencies deps);
  ~Compactor();
  Compactor(const Compactor&) = delete;
  Compactor& operator=(const Compactor&) = delete;

  // The journal has left a segment.
  void wake();

  // It is making room on a full disk, and no more is left than that takes.
  bool needs_the_remaining_room() const {
    return working_ && !failing_ && deps_.journal.pool().is_short() && !has_room_to_carry();
  }

 private:
  using Step = void (Compactor::*)();

  void next();
  archive::Files to_merge() const;
  bool has_room_to_carry() const;
  Attempts attempts_to_carry() const;
  bool is_worth_compacting() const;
  void carry_facts_forward();
  void carry_some_forward();
  void await_carried();
  void make_due_file(const std::string& instead_of = "");
  void made(const std::string& name, platform::DiskResult<void> result);
  void open_made_file();
  void opened(std::expected<std::shared_ptr<const archive::File>, std::string> file);
  void take_compacted(std::shared_ptr<const archive::File> file);
  void take_merged(std::shared_ptr<const archive::File> file);
  void remove_some();
  void fail(const platform::DiskError& error);
  archive::FileInfo info_of_oldest();
  void later(Step step);

  Dependencies deps_;
  bool working_ = false;
  bool awaiting_ = false;           // for the journal to leave the segment of what was carried
  std::size_t place_ = 0;           // of the index, looked at next
  std::uint64_t last_carried_ = 0;  // the place of the last record that was carried
  archive::Files merging_;          // empty: a segment is being compacted
  std::string made_;                // an archive file that is there, and was not opened yet
  std::vector<std::string> obsolete_;
  std::shared_ptr<const void> released_;  // to be let go of elsewhere
  bool failing_ = false;
  platform::Duration retry_in_ = compaction_retry;
  platform::TimerId retry_ = platform::TimerId::none;
  platform::Lifetime lifetime_;
};

}  // namespace payswitch::store::embedded
