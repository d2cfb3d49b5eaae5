#include "store/journal/writer.h"

#include <algorithm>
#include <cassert>
#include <utility>

// How this works: records gather in one buffer while the other one is in flight. The first record
// that cannot wait (Flush::now) makes the gathered batch go at the end of the turn, or when the
// batch in flight is durable; a batch of lazy records goes after Options::linger.
//
//     added_        ─────────────────────────────────────────►  gathering_
//     handed_over_  ──────────────────────────►                 in_flight_, given to the disk
//     durable_      ───────────────►                            completions have run
//     synced_       ──────►                                     survives a power cut (`os`)
//
// These are places of records, and durable_ <= handed_over_ <= added_. One append is in flight at a
// time (`appending_`), so when it is done, everything up to handed_over_ is durable and its
// completions run in the order in which they were added. They may add records: these gather in the
// other buffer.
//
// A batch that does not fit into what is left of the segment is split between two payments, or the
// journal changes the segment: with durability `os` it syncs the old one first, because recovery
// writes only the last segment anew. Without a prepared segment nothing is written until the pool
// has one. A failed write or sync is final: what is on the disk is not known any more.

namespace payswitch::store::journal {

Writer::Writer(const Options& options, Start start, const Dependencies& deps, Counters& counters,
               SegmentPool::BytesToCarry bytes_to_carry, OnSegment on_segment,
               platform::Callback on_prepared, Fatal fatal)
    : durability_(options.durability),
      max_batch_bytes_(options.max_batch_bytes),
      linger_(options.linger),
      disk_(deps.disk),
      loop_(deps.loop),
      timers_(deps.timers),
      clock_(deps.clock),
      counters_(counters),
      on_segment_(std::move(on_segment)),
      fatal_(std::move(fatal)),
      chain_(start.chain),
      segment_(start.segment),
      segment_name_(segment_name(start.segment.number)),
      offset_(start.offset),
      begin_(start.begin),
      added_(start.records),
      handed_over_(start.records),
      durable_(start.records),
      synced_(start.begin.first_sequence - 1),
      pool_({.most_bytes = options.segment_bytes,
             .is_of_os = options.durability == platform::Durability::os},
            start.segment, std::move(start.prepared), deps.disk, deps.loop, deps.timers, deps.log,
            counters, std::move(bytes_to_carry),
            [this, on_prepared = std::move(on_prepared)]() mutable {
              schedule();
              on_prepared();
            }) {
  assert(durability_ != platform::Durability::memory);
  assert(options.segment_bytes >= min_segment_bytes && max_batch_bytes_ >= block_bytes);
  assert(!options.compaction || max_batch_bytes_ >= min_batch_bytes);
}

std::uint64_t Writer::add(const Record& record, Flush flush) {
  pool_.begin_work();
  return gather(record, flush);
}

void Writer::add_end_mark(Store::Done done) {
  assert(idle());
  const auto sequence = gather(clean_stop_record(clock_.wall()), Flush::now);
  gathering_->waiting.push_back({sequence, std::move(done)});
}

std::uint64_t Writer::gather(const Record& record, Flush flush) {
  gathering_->batch.add(record);
  ++added_;
  flush_now_ |= flush == Flush::now;
  schedule();
  return added_;
}

std::uint64_t Writer::add(const Record& record, Flush flush, Completion completion) {
  const auto sequence = add(record, flush);
  gathering_->waiting.push_back({sequence, std::move(completion)});
  return sequence;
}

// After all that waits already, so that completions keep the order of the calls.
void Writer::after(std::uint64_t sequence, Completion completion) {
  assert(!is_durable(sequence) && sequence <= added_);
  auto& batch = sequence <= handed_over_ ? *in_flight_ : *gathering_;
  const auto last = sequence <= handed_over_ ? handed_over_ : added_;
  batch.waiting.push_back({last, std::move(completion)});
}

bool Writer::survives_power_cut(std::uint64_t sequence) const {
  return durability_ == platform::Durability::os ? sequence <= synced_ : is_durable(sequence);
}

void Writer::sync(Store::Done done) {
  assert(!on_synced_);
  on_synced_ = std::move(done);
  if (!appending_ && !failed_) sync_segment();
}

void Writer::schedule() {
  if (on_synced_ && !appending_ && !failed_) return sync_segment();
  if (flush_is_due_ || appending_ || failed_ || gathering_->batch.empty()) return;
  if (flush_now_) return flush_at_the_end_of_the_turn();
  if (linger_timer_ != platform::TimerId::none) return;
  linger_timer_ = timers_.after(linger_, lifetime_.guard([this] {
    linger_timer_ = platform::TimerId::none;
    flush_now_ = true;
    schedule();
  }));
}

// Whatever else this turn adds shares the sync.
void Writer::flush_at_the_end_of_the_turn() {
  flush_is_due_ = true;
  loop_.post(lifetime_.guard([this] {
    flush_is_due_ = false;
    flush();
  }));
}

void Writer::flush() {
  if (appending_ || failed_ || gathering_->batch.empty()) return;
  const auto most_bytes = std::min(max_batch_bytes_, segment_.size - segment_header_bytes);
  const auto most = records_that_fit(most_bytes / block_bytes * block_bytes);
  const auto records = std::min<std::uint64_t>(gathering_->batch.record_count(), most);
  if (batch_bytes(records) > segment_.size - offset_) return change_segment();
  write_batch(most);
}

void Writer::write_batch(std::uint64_t most_records) {
  pool_.keep_up();
  std::swap(gathering_, in_flight_);
  timers_.cancel(std::exchange(linger_timer_, platform::TimerId::none));
  const bool too_many = in_flight_->batch.record_count() > most_records;
  if (too_many)
    in_flight_->batch.split(in_flight_->batch.whole_payments(most_records), gathering_->batch);
  in_flight_records_ = in_flight_->batch.record_count();
  handed_over_ += in_flight_records_;
  if (too_many) move_later_completions();
  flush_now_ = too_many;  // what did not fit has waited enough
  const auto bytes = in_flight_->batch.finish(chain_, clock_.wall());
  in_flight_bytes_ = bytes.size();
  in_flight_since_ = clock_.now();
  append(offset_, bytes, durability_, in_flight_, &Writer::batch_is_durable);
}

void Writer::move_later_completions() {
  auto& waiting = in_flight_->waiting;
  const auto first_later = std::ranges::find_if(
      waiting, [&](const Waiting& entry) { return entry.sequence > handed_over_; });
  std::move(first_later, waiting.end(), std::back_inserter(gathering_->waiting));
  waiting.erase(first_later, waiting.end());
}

// `owner` keeps the bytes in place until the disk has answered, also when this journal is gone by
// then.
void Writer::append(std::uint64_t offset, std::span<const std::byte> bytes,
                    platform::Durability durability, std::shared_ptr<const void> owner,
                    void (Writer::*next)()) {
  appending_ = true;
  auto appended = lifetime_.guard([this, next](platform::DiskResult<void> result) {
    appending_ = false;
    if (!result) return fail(result.error());
    (this->*next)();
  });
  disk_.append(segment_name_, offset, bytes, durability,
               [owner = std::move(owner), appended = std::move(appended)](
                   platform::DiskResult<void> result) mutable { appended(std::move(result)); });
}

void Writer::batch_is_durable() {
  durable_ = handed_over_;
  offset_ += in_flight_bytes_;
  ++counters_.batches;
  counters_.records += in_flight_records_;
  counters_.bytes_written += in_flight_bytes_;
  counters_.sync.record(clock_.now() - in_flight_since_);
  // They may add records, which gather in the other batch.
  for (auto& entry : in_flight_->waiting) run(entry.completion);
  in_flight_->waiting.clear();
  in_flight_->batch.clear();
  schedule();
}

// Without a prepared segment nothing is written until there is one: the supply calls schedule().
void Writer::change_segment() {
  if (pool_.empty()) return;
  if (!survives_power_cut(durable_)) return sync_segment();
  leave_segment();
  segment_name_ = segment_name(segment_.number);
  offset_ = segment_header_bytes;
  flush();
}

void Writer::leave_segment() {
  disk_.close(segment_name_);
  segment_ = pool_.take();
  begin_ = {.segment = segment_.number, .first_sequence = handed_over_ + 1, .chain = chain_};
  on_segment_(begin_);
}

// Only the last segment may be in the page cache alone, for only that one is written again by a
// recovery (PROTOCOL 4.3). Its header is rewritten as it is, to have the file synced.
void Writer::sync_segment() {
  const auto header = std::make_shared<const SegmentHeader>(make_segment_header(segment_));
  append(0, std::as_bytes(std::span(header.get(), 1)), platform::Durability::fsync, header,
         &Writer::segment_is_synced);
}

void Writer::segment_is_synced() {
  synced_ = durable_;
  if (auto done = std::exchange(on_synced_, nullptr)) done();
  flush();
}

// Whether the bytes are on the disk is not known any more, and never will be by asking again.
void Writer::fail(const platform::DiskError& error) {
  failed_ = true;
  fatal_("the journal cannot be written any more: " + error.message());
}

}  // namespace payswitch::store::journal
