#include "store/journal/writer.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace payswitch::store::embedded {

Journal::Journal(const Options& options, JournalStart start, const JournalSeams& seams,
                 Counters& counters, SegmentPool::BytesToTell bytes_to_tell, OnSegment on_segment,
                 platform::Callback on_prepared, Fatal fatal)
    : durability_(options.durability),
      max_group_bytes_(options.max_group_bytes),
      linger_(options.linger),
      disk_(seams.disk),
      loop_(seams.loop),
      timers_(seams.timers),
      clock_(seams.clock),
      counters_(counters),
      on_segment_(std::move(on_segment)),
      fatal_(std::move(fatal)),
      chain_(start.chain),
      segment_(start.segment),
      segment_name_(segment_name(start.segment.number)),
      offset_(start.offset),
      begin_(start.begin),
      added_(start.records),
      flown_(start.records),
      durable_(start.records),
      synced_(start.begin.first_sequence - 1),
      pool_({.most_bytes = options.segment_bytes,
             .is_of_os = options.durability == platform::Durability::os},
            start.segment, std::move(start.prepared), seams.disk, seams.loop, seams.timers,
            seams.log, counters, std::move(bytes_to_tell),
            [this, on_prepared = std::move(on_prepared)]() mutable {
              schedule();
              on_prepared();
            }) {
  assert(durability_ != platform::Durability::memory);
  assert(options.segment_bytes >= min_segment_bytes && max_group_bytes_ >= block_bytes);
  assert(!options.sealing || max_group_bytes_ >= min_group_bytes);
}

std::uint64_t Journal::add(const Record& record, Flush haste) {
  pool_.begin_work();
  return gather(record, haste);
}

void Journal::add_end_mark(Store::Done done) {
  assert(idle());
  const auto sequence = gather(clean_stop_record(clock_.wall()), Flush::now);
  gathering_->waiting.push_back({sequence, std::move(done)});
}

std::uint64_t Journal::gather(const Record& record, Flush haste) {
  gathering_->group.add(record);
  ++added_;
  is_hasty_ |= haste == Flush::now;
  schedule();
  return added_;
}

std::uint64_t Journal::add(const Record& record, Flush haste, Completion completion) {
  const auto sequence = add(record, haste);
  gathering_->waiting.push_back({sequence, std::move(completion)});
  return sequence;
}

// Behind all that waits already, so that completions keep the order of the calls.
void Journal::after(std::uint64_t sequence, Completion completion) {
  assert(!is_durable(sequence) && sequence <= added_);
  auto& batch = sequence <= flown_ ? *flying_ : *gathering_;
  const auto last = sequence <= flown_ ? flown_ : added_;
  batch.waiting.push_back({last, std::move(completion)});
}

bool Journal::survives_power_cut(std::uint64_t sequence) const {
  return durability_ == platform::Durability::os ? sequence <= synced_ : is_durable(sequence);
}

void Journal::sync(Store::Done done) {
  assert(!on_synced_);
  on_synced_ = std::move(done);
  if (!appending_ && !failed_) sync_segment();
}

void Journal::schedule() {
  if (on_synced_ && !appending_ && !failed_) return sync_segment();
  if (flush_is_due_ || appending_ || failed_ || gathering_->group.empty()) return;
  if (is_hasty_) return flush_at_the_end_of_the_turn();
  if (linger_timer_ != platform::TimerId::none) return;
  linger_timer_ = timers_.after(linger_, [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    linger_timer_ = platform::TimerId::none;
    is_hasty_ = true;
    schedule();
  });
}

// Whatever else this turn adds shares the sync.
void Journal::flush_at_the_end_of_the_turn() {
  flush_is_due_ = true;
  loop_.post([this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    flush_is_due_ = false;
    flush();
  });
}

void Journal::flush() {
  if (appending_ || failed_ || gathering_->group.empty()) return;
  const auto most_bytes = std::min(max_group_bytes_, segment_.size - segment_header_bytes);
  const auto most = records_that_fit(most_bytes / block_bytes * block_bytes);
  const auto records = std::min<std::uint64_t>(gathering_->group.record_count(), most);
  if (group_bytes(records) > segment_.size - offset_) return change_segment();
  write_group(most);
}

void Journal::write_group(std::uint64_t most_records) {
  pool_.keep_up();
  std::swap(gathering_, flying_);
  timers_.cancel(std::exchange(linger_timer_, platform::TimerId::none));
  const bool too_many = flying_->group.record_count() > most_records;
  if (too_many)
    flying_->group.split(flying_->group.whole_payments(most_records), gathering_->group);
  flying_records_ = flying_->group.record_count();
  flown_ += flying_records_;
  if (too_many) move_later_completions();
  is_hasty_ = too_many;  // what did not fit has waited enough
  const auto bytes = flying_->group.seal(chain_, clock_.wall());
  flying_bytes_ = bytes.size();
  flying_since_ = clock_.now();
  append(offset_, bytes, durability_, flying_, &Journal::group_is_durable);
}

void Journal::move_later_completions() {
  auto& waiting = flying_->waiting;
  const auto first_later =
      std::ranges::find_if(waiting, [&](const Waiting& entry) { return entry.sequence > flown_; });
  std::move(first_later, waiting.end(), std::back_inserter(gathering_->waiting));
  waiting.erase(first_later, waiting.end());
}

// `owner` keeps the bytes in place until the disk has answered, also when this journal is gone by
// then.
void Journal::append(std::uint64_t offset, std::span<const std::byte> bytes,
                     platform::Durability durability, std::shared_ptr<const void> owner,
                     void (Journal::*next)()) {
  appending_ = true;
  disk_.append(segment_name_, offset, bytes, durability,
               [this, next, owner = std::move(owner),
                alive = std::weak_ptr(alive_)](platform::DiskResult<void> result) {
                 if (alive.expired()) return;
                 appending_ = false;
                 if (!result) return fail(result.error());
                 (this->*next)();
               });
}

void Journal::group_is_durable() {
  durable_ = flown_;
  offset_ += flying_bytes_;
  ++counters_.groups;
  counters_.records += flying_records_;
  counters_.bytes_written += flying_bytes_;
  counters_.sync.record(clock_.now() - flying_since_);
  // They may add records, which gather in the other batch.
  for (auto& entry : flying_->waiting) run(entry.completion);
  flying_->waiting.clear();
  flying_->group.clear();
  schedule();
}

// Without a prepared segment nothing is written until there is one: the supply calls schedule().
void Journal::change_segment() {
  if (pool_.empty()) return;
  if (!survives_power_cut(durable_)) return sync_segment();
  leave_segment();
  segment_name_ = segment_name(segment_.number);
  offset_ = segment_header_bytes;
  flush();
}

void Journal::leave_segment() {
  disk_.close(segment_name_);
  segment_ = pool_.take();
  begin_ = {.segment = segment_.number, .first_sequence = flown_ + 1, .chain = chain_};
  on_segment_(begin_);
}

// Only the last segment may be in the page cache alone, for only that one is written again by a
// recovery (PROTOCOL 4.3). Its header is rewritten as it is, to have the file synced.
void Journal::sync_segment() {
  const auto header = std::make_shared<const SegmentHeader>(make_segment_header(segment_));
  append(0, std::as_bytes(std::span(header.get(), 1)), platform::Durability::fsync, header,
         &Journal::segment_is_synced);
}

void Journal::segment_is_synced() {
  synced_ = durable_;
  if (auto done = std::exchange(on_synced_, nullptr)) done();
  flush();
}

// Whether the bytes are on the disk is not known any more, and never will be by asking again.
void Journal::fail(const platform::DiskError& error) {
  failed_ = true;
  fatal_("the journal cannot be written any more: " + error.message());
}

}  // namespace payswitch::store::embedded
