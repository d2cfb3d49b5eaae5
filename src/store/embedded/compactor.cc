#include "store/embedded/compactor.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "store/archive/merger.h"
#include "store/embedded/seal.h"

namespace payswitch::store::embedded {

Compactor::Compactor(Seams seams) : seams_(std::move(seams)) {
  later(&Compactor::wake);
}

Compactor::~Compactor() {
  seams_.timers.cancel(retry_);
}

// Completions may come after the end.
template <class Function>
auto Compactor::while_alive(Function function) {
  return
      [function = std::move(function), alive = std::weak_ptr(alive_)](auto&&... arguments) mutable {
        if (!alive.expired()) function(std::forward<decltype(arguments)>(arguments)...);
      };
}

void Compactor::later(Step step) {
  seams_.loop.post(while_alive([this, step] { (this->*step)(); }));
}

void Compactor::wake() {
  if (std::exchange(awaiting_, false)) return await_copies();
  if (!working_ && retry_ == platform::TimerId::none) next();
}

void Compactor::next() {
  working_ = true;
  if (!made_.empty()) return open_what_is_made();
  merging_ = to_merge();
  if (!merging_.empty()) return make_what_is_due();
  working_ = is_worth_sealing();
  if (!working_) return seams_.on_rest();
  place_ = 0;
  copied_ = seams_.journal.next_sequence() - 1;
  copy_facts();
  copy_some();
}

// A full disk has no room for a new file beside the old ones, only that of a prepared segment:
// there the last files are merged as soon as they fit into one, so that what is sealed takes no
// more room with time.
ArchiveFiles Compactor::to_merge() const {
  const SegmentPool& pool = seams_.journal.pool();
  const Archive& books = seams_.books;
  if (!pool.is_short()) return books.is_merging_due() ? books.worth_merging() : ArchiveFiles{};
  if (auto small = books.last_within(pool.segment_bytes()); small.size() > 1) return small;
  return books.is_full() ? books.worth_merging() : ArchiveFiles{};
}

// One segment's copies are there before it is removed, and until all are compact, what is removed
// may be a third of what was copied: its payments had one record each, the acceptance, and have
// three now. Beside that: headers of groups, what becomes of the attempts that are under way, and a
// segment to be lent.
bool Compactor::has_room_for_copies() const {
  const auto segment = seams_.journal.pool().segment_bytes();
  const auto open = seams_.index.bytes_to_carry(Attempts::last);
  const auto copies = std::min(open, open / 3 * 2 + segment);
  return seams_.journal.room() > copies + copies / 8 + segment / 8 + segment;
}

Attempts Compactor::attempts_to_carry() const {
  return seams_.journal.pool().is_short() ? Attempts::last : Attempts::all;
}

// Payments that stay open are carried forward once a round through the journal. So that this comes
// to an end, and costs at most as much as everything else, half of what is sealed must be gone; on
// a full disk, some of it.
bool Compactor::is_worth_sealing() const {
  const SegmentPool& pool = seams_.journal.pool();
  const auto full = (seams_.index.generations() - 1) * pool.segment_bytes();
  const auto open = seams_.index.bytes_to_carry(attempts_to_carry());
  if (!pool.is_short()) return full > 2 * open;
  return full > open + pool.segment_bytes() / 4;
}

// -- 1: what is not settled is told again ---------------------------------------------------------

void Compactor::copy_facts() {
  const auto records = seams_.index.copy_facts_before(
      seams_.index.begin_after_oldest().first_sequence, seams_.journal.next_sequence());
  for (const Record& record : records) copied_ = seams_.journal.add(record, Flush::lazy);
}

void Compactor::copy_some() {
  Index& index = seams_.index;
  const auto end = std::min(place_ + places_at_once, index.places());
  std::size_t copies = 0;
  for (; place_ < end && copies < copies_at_once; ++place_) {
    const auto records =
        index.copy_if_home_before(index.begin_after_oldest().first_sequence, place_,
                                  seams_.journal.next_sequence(), attempts_to_carry());
    for (const Record& record : records) copied_ = seams_.journal.add(record, Flush::lazy);
    copies += !records.empty();
  }
  seams_.counters.copies += copies;
  if (place_ == index.places()) {
    // Whatever is settled in that generation was settled before this.
    copied_ = seams_.journal.next_sequence() - 1;
    return await_copies();
  }
  if (copies == 0) return later(&Compactor::copy_some);
  seams_.journal.after(copied_, Store::Done(while_alive([this] { copy_some(); })));
}

void Compactor::await_copies() {
  Journal& journal = seams_.journal;
  if (journal.survives_power_cut(copied_)) return make_what_is_due();
  auto go_on = Store::Done(while_alive([this] { await_copies(); }));
  if (!journal.is_durable(copied_)) return journal.after(copied_, std::move(go_on));
  if (journal.pool().is_short()) return journal.sync(std::move(go_on));
  awaiting_ = true;
}

// -- 2: what is settled goes into a sealed file ---------------------------------------------------

SealInfo Compactor::info_of_oldest() {
  const Memtable& oldest = *seams_.index.oldest();
  const SegmentBegin& behind = seams_.index.begin_after_oldest();
  return {.first_segment = oldest.begin.segment,
          .last_segment = oldest.begin.segment,
          .chain = behind.chain,
          .records = behind.first_sequence - 1,
          .payments = oldest.settled.size(),
          .findings = oldest.findings,
          .highest_requested_at = seams_.index.highest_requested_at(),
          .names = seams_.index.names(),
          .previous = seams_.books.last().seal,
          .filter_seed = seams_.random.next()};
}

// What is merged, or else the oldest segment sealed, in the room of that file where one is named.
void Compactor::make_what_is_due(const std::string& instead_of) {
  const bool merges = !merging_.empty();
  const SealInfo info = merges ? merged_info(merging_, seams_.random.next()) : info_of_oldest();
  const auto name = sealed_name(info.first_segment, info.last_segment);
  seams_.disk.make(name, merges ? merge_of(merging_, info) : seal_of(seams_.index.oldest(), info),
                   instead_of, while_alive([this, name](platform::DiskResult<void> result) {
                     made(name, std::move(result));
                   }));
}

void Compactor::made(const std::string& name, platform::DiskResult<void> result) {
  if (!result) {
    const auto room =
        result.error().code == ENOSPC ? seams_.journal.pool().lend_room() : std::string();
    return room.empty() ? fail(result.error()) : make_what_is_due(room);
  }
  made_ = name;
  open_what_is_made();
}

// What cannot be opened for now is opened later, and not made again: another choice of parts would
// be another file, and this one would stand beside it.
void Compactor::open_what_is_made() {
  seams_.disk.run_in_background(
      [this, name = made_, &disk = seams_.disk, alive = std::weak_ptr(alive_)] {
        return [this, alive, file = ArchiveFile::open(disk, name)]() mutable {
          if (!alive.expired()) opened(std::move(file));
        };
      });
}

void Compactor::opened(std::expected<std::shared_ptr<const ArchiveFile>, std::string> file) {
  if (!file) return fail({.code = EIO, .what = file.error()});
  made_.clear();
  retry_in_ = seal_retry;
  failing_ = false;
  merging_.empty() ? take_sealed(*std::move(file)) : take_merged(*std::move(file));
  seams_.counters.sealed_files = seams_.books.files().size();
  seams_.counters.sealed_payments = seams_.books.payments();
  remove_some();
}

// -- 3: it is read from there, and what it stands for is removed ----------------------------------

void Compactor::take_sealed(std::shared_ptr<const ArchiveFile> file) {
  superfluous_ = {segment_name(file->info().last_segment)};
  seams_.books.add(std::move(file));
  memory_ = seams_.index.let_go_of_oldest();
  --seams_.counters.segments;
}

void Compactor::take_merged(std::shared_ptr<const ArchiveFile> file) {
  for (const auto& part : merging_) superfluous_.push_back(part->name());
  seams_.books.replace_last(merging_.size(), std::move(file));
  memory_ = std::make_shared<ArchiveFiles>(std::exchange(merging_, {}));
}

void Compactor::remove_some() {
  if (superfluous_.empty() && !memory_) {
    seams_.journal.pool().give_back();
    return next();
  }
  std::string name;
  if (!superfluous_.empty()) {
    name = std::move(superfluous_.front());
    superfluous_.erase(superfluous_.begin());
  }
  seams_.disk.run_in_background([this, name, memory = std::exchange(memory_, nullptr),
                                 &disk = seams_.disk, alive = std::weak_ptr(alive_)]() mutable {
    memory.reset();
    auto removed = name.empty() ? platform::DiskResult<void>{} : disk.remove(name);
    return platform::Callback([this, alive, removed = std::move(removed)] {
      if (alive.expired()) return;
      // The next start does it.
      if (!removed) seams_.log.warn("{}: it is not needed any more", removed.error().message());
      remove_some();
    });
  });
}

void Compactor::fail(const platform::DiskError& error) {
  if (!failing_) {
    seams_.log.warn("{}: the journal is not sealed for now, and grows", error.message());
  }
  failing_ = true;
  if (made_.empty()) merging_.clear();
  seams_.journal.pool().give_back();
  seams_.on_rest();
  retry_ = seams_.timers.after(retry_in_, [this] {
    retry_ = platform::TimerId::none;
    next();
  });
  retry_in_ = error.code == ENOSPC
                  ? seal_retry
                  : std::min<platform::Duration>(2 * retry_in_, longest_seal_retry);
}

}  // namespace payswitch::store::embedded
