#include "store/embedded/compactor.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "store/archive/merger.h"
#include "store/embedded/archive_content.h"

// How this works: one thing at a time, the oldest segment first. A round goes through these steps,
// each of which ends in a callback:
//
//     next ─┬─ merge some files ───────────────┐
//           └─ carry forward ─ await_carried ──┴─ make file ─ open file ─ take it ─ remove ─ next
//
//   1. Every payment that is not settled and whose home is in the oldest segment is written again
//   at
//      the end of the journal, a few at a time so that payments are not held up; facts likewise.
//   2. When that survives a power cut, all that the segment still says is its memtable. The
//   memtable
//      is written to an archive file, sorted by id.
//   3. When the file is durable and open, reads go there; then the segment is removed. A power cut
//      before that leaves both, and the next start removes the segment.
//
// Merging goes the same way from "make file" on, with some of the last archive files in place of a
// memtable, and removes these.
//
// Invariants: the segment is removed only after all that is in it is durable elsewhere. A file that
// was made is opened before anything else is made (`made_`): another choice of files to merge would
// stand beside it. On a full disk a file is made in the room of a prepared segment that the pool
// lends, and returned when something was removed. A failure loses nothing: it is logged once and
// tried again later.

namespace payswitch::store::embedded {

Compactor::Compactor(Dependencies deps) : deps_(std::move(deps)) {
  later(&Compactor::wake);
}

Compactor::~Compactor() {
  deps_.timers.cancel(retry_);
}

void Compactor::later(Step step) {
  deps_.loop.post(lifetime_.guard([this, step] { (this->*step)(); }));
}

void Compactor::wake() {
  if (std::exchange(awaiting_, false)) return await_carried();
  if (!working_ && retry_ == platform::TimerId::none) next();
}

void Compactor::next() {
  working_ = true;
  if (!made_.empty()) return open_made_file();
  merging_ = to_merge();
  if (!merging_.empty()) return make_due_file();
  working_ = is_worth_compacting();
  if (!working_) return deps_.on_idle();
  place_ = 0;
  last_carried_ = deps_.journal.next_sequence() - 1;
  carry_facts_forward();
  carry_some_forward();
}

// A full disk has no room for a new file beside the old ones, only that of a prepared segment:
// there the last files are merged as soon as they fit into one, so that what is archived takes no
// more room with time.
archive::Files Compactor::to_merge() const {
  const journal::SegmentPool& pool = deps_.journal.pool();
  const archive::FileSet& books = deps_.archive;
  if (!pool.is_short()) return books.is_merging_due() ? books.worth_merging() : archive::Files{};
  if (auto small = books.last_within(pool.segment_bytes()); small.size() > 1) return small;
  return books.is_full() ? books.worth_merging() : archive::Files{};
}

// What is carried forward of a segment is there before the segment is removed, and until all
// payments were carried once, what is removed may be a third of that: its payments had one record
// each, the acceptance, and have three now. Beside that: headers of batches, what becomes of the
// attempts that are under way, and a segment to be borrowed.
bool Compactor::has_room_to_carry() const {
  const auto segment = deps_.journal.pool().segment_bytes();
  const auto open = deps_.index.bytes_to_carry(Attempts::last);
  const auto carried_forward = std::min(open, open / 3 * 2 + segment);
  return deps_.journal.room() > carried_forward + carried_forward / 8 + segment / 8 + segment;
}

Attempts Compactor::attempts_to_carry() const {
  return deps_.journal.pool().is_short() ? Attempts::last : Attempts::all;
}

// Payments that stay open are carried forward once a round through the journal. So that this comes
// to an end, and costs at most as much as everything else, half of what is archived must be gone;
// on a full disk, some of it.
bool Compactor::is_worth_compacting() const {
  const journal::SegmentPool& pool = deps_.journal.pool();
  const auto full = (deps_.index.memtable_count() - 1) * pool.segment_bytes();
  const auto open = deps_.index.bytes_to_carry(attempts_to_carry());
  if (!pool.is_short()) return full > 2 * open;
  return full > open + pool.segment_bytes() / 4;
}

// -- 1: what is not settled is carried forward ---------------------------------------------------

void Compactor::carry_facts_forward() {
  const auto records = deps_.index.carry_forward_facts_before(
      deps_.index.begin_after_oldest().first_sequence, deps_.journal.next_sequence());
  for (const journal::Record& record : records)
    last_carried_ = deps_.journal.add(record, journal::Flush::lazy);
}

void Compactor::carry_some_forward() {
  Index& index = deps_.index;
  const auto end = std::min(place_ + places_at_once, index.places());
  std::size_t carried_forward = 0;
  for (; place_ < end && carried_forward < carried_at_once; ++place_) {
    const auto records =
        index.carry_forward_if_home_before(index.begin_after_oldest().first_sequence, place_,
                                           deps_.journal.next_sequence(), attempts_to_carry());
    for (const journal::Record& record : records)
      last_carried_ = deps_.journal.add(record, journal::Flush::lazy);
    carried_forward += !records.empty();
  }
  deps_.counters.carried_forward += carried_forward;
  if (place_ == index.places()) {
    // Whatever is settled in that memtable was settled before this.
    last_carried_ = deps_.journal.next_sequence() - 1;
    return await_carried();
  }
  if (carried_forward == 0) return later(&Compactor::carry_some_forward);
  deps_.journal.after(last_carried_,
                      Store::Done(lifetime_.guard([this] { carry_some_forward(); })));
}

void Compactor::await_carried() {
  journal::Writer& journal = deps_.journal;
  if (journal.survives_power_cut(last_carried_)) return make_due_file();
  auto go_on = Store::Done(lifetime_.guard([this] { await_carried(); }));
  if (!journal.is_durable(last_carried_)) return journal.after(last_carried_, std::move(go_on));
  if (journal.pool().is_short()) return journal.sync(std::move(go_on));
  awaiting_ = true;
}

// -- 2: what is settled goes into an archive file ------------------------------------------------

archive::FileInfo Compactor::info_of_oldest() {
  const Memtable& oldest = *deps_.index.oldest();
  const journal::SegmentBegin& after = deps_.index.begin_after_oldest();
  return {.first_segment = oldest.begin.segment,
          .last_segment = oldest.begin.segment,
          .chain = after.chain,
          .records = after.first_sequence - 1,
          .payments = oldest.settled.size(),
          .findings = oldest.findings,
          .highest_requested_at = deps_.index.highest_requested_at(),
          .names = deps_.index.names(),
          .previous = deps_.archive.last().seal,
          .filter_seed = deps_.random.next()};
}

// What is merged, or else the oldest segment sealed, in the room of that file where one is named.
void Compactor::make_due_file(const std::string& instead_of) {
  const bool merges = !merging_.empty();
  const archive::FileInfo info =
      merges ? archive::merged_info(merging_, deps_.random.next()) : info_of_oldest();
  const auto name = archive::file_name(info.first_segment, info.last_segment);
  deps_.disk.make(name,
                  merges ? archive::merged_content(merging_, info)
                         : archive_content(deps_.index.oldest(), info),
                  instead_of, lifetime_.guard([this, name](platform::DiskResult<void> result) {
                    made(name, std::move(result));
                  }));
}

void Compactor::made(const std::string& name, platform::DiskResult<void> result) {
  if (!result) {
    const auto room =
        result.error().code == ENOSPC ? deps_.journal.pool().borrow_room() : std::string();
    return room.empty() ? fail(result.error()) : make_due_file(room);
  }
  made_ = name;
  open_made_file();
}

// What cannot be opened for now is opened later, and not made again: another choice of parts would
// be another file, and this one would stand beside it.
void Compactor::open_made_file() {
  auto opened = lifetime_.guard([this](auto file) { this->opened(std::move(file)); });
  deps_.disk.run_in_background([name = made_, &disk = deps_.disk,
                                opened = std::move(opened)]() mutable {
    return platform::Callback([file = archive::File::open(disk, name),
                               opened = std::move(opened)]() mutable { opened(std::move(file)); });
  });
}

void Compactor::opened(std::expected<std::shared_ptr<const archive::File>, std::string> file) {
  if (!file) return fail({.code = EIO, .what = file.error()});
  made_.clear();
  retry_in_ = compaction_retry;
  failing_ = false;
  merging_.empty() ? take_compacted(*std::move(file)) : take_merged(*std::move(file));
  deps_.counters.sealed_files = deps_.archive.files().size();
  deps_.counters.sealed_payments = deps_.archive.payments();
  remove_some();
}

// -- 3: it is read from there, and what it stands for is removed ----------------------------------

void Compactor::take_compacted(std::shared_ptr<const archive::File> file) {
  obsolete_ = {journal::segment_name(file->info().last_segment)};
  deps_.archive.add(std::move(file));
  released_ = deps_.index.release_oldest();
  --deps_.counters.segments;
}

void Compactor::take_merged(std::shared_ptr<const archive::File> file) {
  for (const auto& part : merging_) obsolete_.push_back(part->name());
  deps_.archive.replace_last(merging_.size(), std::move(file));
  released_ = std::make_shared<archive::Files>(std::exchange(merging_, {}));
}

void Compactor::remove_some() {
  if (obsolete_.empty() && !released_) {
    deps_.journal.pool().return_room();
    return next();
  }
  std::string name;
  if (!obsolete_.empty()) {
    name = std::move(obsolete_.front());
    obsolete_.erase(obsolete_.begin());
  }
  auto removed = lifetime_.guard([this](const platform::DiskResult<void>& result) {
    // The next start does it.
    if (!result) deps_.log.warn("{}: it is not needed any more", result.error().message());
    remove_some();
  });
  deps_.disk.run_in_background([name, released = std::exchange(released_, nullptr),
                                &disk = deps_.disk, removed = std::move(removed)]() mutable {
    released.reset();
    auto result = name.empty() ? platform::DiskResult<void>{} : disk.remove(name);
    return platform::Callback(
        [result = std::move(result), removed = std::move(removed)]() mutable { removed(result); });
  });
}

void Compactor::fail(const platform::DiskError& error) {
  if (!failing_) {
    deps_.log.warn("{}: the journal is not sealed for now, and grows", error.message());
  }
  failing_ = true;
  if (made_.empty()) merging_.clear();
  deps_.journal.pool().return_room();
  deps_.on_idle();
  retry_ = deps_.timers.after(retry_in_, [this] {
    retry_ = platform::TimerId::none;
    next();
  });
  retry_in_ = error.code == ENOSPC
                  ? compaction_retry
                  : std::min<platform::Duration>(2 * retry_in_, longest_compaction_retry);
}

}  // namespace payswitch::store::embedded
