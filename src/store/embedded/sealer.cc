#include "store/embedded/sealer.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "store/embedded/seal.h"

namespace payswitch::store::embedded {

Sealer::Sealer(const Seams& seams) : seams_(seams) {
  later(&Sealer::wake);
}

Sealer::~Sealer() {
  seams_.timers.cancel(retry_);
}

// Completions may come after the end.
template <class Function>
auto Sealer::while_alive(Function function) {
  return
      [function = std::move(function), alive = std::weak_ptr(alive_)](auto&&... arguments) mutable {
        if (!alive.expired()) function(std::forward<decltype(arguments)>(arguments)...);
      };
}

void Sealer::later(Step step) {
  seams_.loop.post(while_alive([this, step] { (this->*step)(); }));
}

void Sealer::wake() {
  if (std::exchange(awaiting_, false)) return await_copies();
  if (!working_ && retry_ == world::TimerId::none) next();
}

void Sealer::next() {
  working_ = true;
  if (seams_.books.is_full()) return merge();
  working_ = is_worth_sealing();
  if (!working_) return;
  place_ = 0;
  copied_ = seams_.journal.next_sequence() - 1;
  copy_facts();
  copy_some();
}

// Payments that stay open are told again once a round through the journal. So that this comes to an
// end, and costs at most as much as everything else, half of what is sealed must be gone; on a full
// disk, something.
bool Sealer::is_worth_sealing() const {
  const SegmentSupply& supply = seams_.journal.supply();
  const auto full = seams_.index.generations() - 1;
  const auto open = seams_.index.bytes_to_tell() / supply.segment_bytes();
  return full > (supply.is_failing() ? open : 2 * open);
}

// -- 1: what is not settled is told again ---------------------------------------------------------

void Sealer::copy_facts() {
  const auto records = seams_.index.copy_facts_before(
      seams_.index.begin_after_oldest().first_sequence, seams_.journal.next_sequence());
  for (const Record& record : records) copied_ = seams_.journal.add(record, Haste::soon);
}

void Sealer::copy_some() {
  Index& index = seams_.index;
  const auto end = std::min(place_ + places_at_once, index.places());
  std::size_t copies = 0;
  for (; place_ < end && copies < copies_at_once; ++place_) {
    const auto records = index.copy_if_home_before(index.begin_after_oldest().first_sequence,
                                                   place_, seams_.journal.next_sequence());
    for (const Record& record : records) copied_ = seams_.journal.add(record, Haste::soon);
    copies += !records.empty();
  }
  seams_.counters.copies += copies;
  if (place_ == index.places()) {
    // Whatever is settled in that generation was settled before this.
    copied_ = seams_.journal.next_sequence() - 1;
    return await_copies();
  }
  if (copies == 0) return later(&Sealer::copy_some);
  seams_.journal.after(copied_, Store::Done(while_alive([this] { copy_some(); })));
}

void Sealer::await_copies() {
  Journal& journal = seams_.journal;
  if (journal.survives_power_cut(copied_)) return seal();
  if (journal.is_durable(copied_)) {
    awaiting_ = true;
    return;
  }
  journal.after(copied_, Store::Done(while_alive([this] { await_copies(); })));
}

// -- 2: what is settled goes into a sealed file ---------------------------------------------------

SealInfo Sealer::info_of_oldest() {
  const Generation& oldest = *seams_.index.oldest();
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
          .filter_seed = seams_.chance.next()};
}

void Sealer::seal() {
  const SealInfo info = info_of_oldest();
  make(sealed_name(info.first_segment, info.last_segment), seal_of(seams_.index.oldest(), info));
}

bool Sealer::seal_in_lent_room(const world::DiskError& error) {
  if (error.code != ENOSPC || !merging_.empty()) return false;
  const auto room = seams_.journal.supply().lend_room();
  if (room.empty()) return false;
  const SealInfo info = info_of_oldest();
  make(sealed_name(info.first_segment, info.last_segment), seal_of(seams_.index.oldest(), info),
       room);
  return true;
}

void Sealer::merge() {
  merging_ = seams_.books.worth_merging();
  const SealInfo info = merged_info(merging_, seams_.chance.next());
  make(sealed_name(info.first_segment, info.last_segment), merge_of(merging_, info));
}

void Sealer::make(const std::string& name, world::Disk::Content content,
                  const std::string& instead_of) {
  seams_.disk.make(
      name, std::move(content), instead_of,
      while_alive([this, name](world::DiskResult<void> result) { made(name, std::move(result)); }));
}

void Sealer::made(const std::string& name, world::DiskResult<void> result) {
  if (!result) {
    if (!seal_in_lent_room(result.error())) fail(result.error());
    return;
  }
  seams_.disk.toil([this, name, &disk = seams_.disk, alive = std::weak_ptr(alive_)] {
    return [this, alive, file = SealedFile::open(disk, name)]() mutable {
      if (!alive.expired()) opened(std::move(file));
    };
  });
}

void Sealer::opened(std::expected<std::shared_ptr<const SealedFile>, std::string> file) {
  if (!file) return fail({.code = EIO, .what = file.error()});
  retry_in_ = seal_retry;
  failing_ = false;
  merging_.empty() ? take_sealed(*std::move(file)) : take_merged(*std::move(file));
  seams_.counters.sealed_files = seams_.books.files().size();
  seams_.counters.sealed_payments = seams_.books.payments();
  remove_some();
}

// -- 3: it is read from there, and what it stands for is removed ----------------------------------

void Sealer::take_sealed(std::shared_ptr<const SealedFile> file) {
  superfluous_ = {segment_name(file->info().last_segment)};
  seams_.books.add(std::move(file));
  memory_ = seams_.index.let_go_of_oldest();
  --seams_.counters.segments;
}

void Sealer::take_merged(std::shared_ptr<const SealedFile> file) {
  for (const auto& part : merging_) superfluous_.push_back(part->name());
  seams_.books.replace_last(merging_.size(), std::move(file));
  memory_ = std::make_shared<SealedFiles>(std::exchange(merging_, {}));
}

void Sealer::remove_some() {
  if (superfluous_.empty() && !memory_) {
    seams_.journal.supply().give_back();
    return next();
  }
  std::string name;
  if (!superfluous_.empty()) {
    name = std::move(superfluous_.front());
    superfluous_.erase(superfluous_.begin());
  }
  seams_.disk.toil([this, name, memory = std::exchange(memory_, nullptr), &disk = seams_.disk,
                    alive = std::weak_ptr(alive_)]() mutable {
    memory.reset();
    auto removed = name.empty() ? world::DiskResult<void>{} : disk.remove(name);
    return world::Callback([this, alive, removed = std::move(removed)] {
      if (alive.expired()) return;
      // The next start does it.
      if (!removed) seams_.log.warn("{}: it is not needed any more", removed.error().message());
      remove_some();
    });
  });
}

void Sealer::fail(const world::DiskError& error) {
  if (!failing_) {
    seams_.log.warn("{}: the journal is not sealed for now, and grows", error.message());
  }
  failing_ = true;
  merging_.clear();
  seams_.journal.supply().give_back();
  retry_ = seams_.timers.after(retry_in_, [this] {
    retry_ = world::TimerId::none;
    next();
  });
  retry_in_ = error.code == ENOSPC ? seal_retry
                                   : std::min<world::Duration>(2 * retry_in_, longest_seal_retry);
}

}  // namespace payswitch::store::embedded
