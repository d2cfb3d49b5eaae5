#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "platform/disk.h"
#include "platform/lifetime.h"
#include "platform/log.h"
#include "platform/loop.h"
#include "platform/random.h"
#include "store/counters.h"
#include "store/journal/batch.h"
#include "store/journal/completion.h"
#include "store/journal/record.h"
#include "store/journal/segment_pool.h"
#include "store/journal/start.h"
#include "store/options.h"

namespace payswitch::store::journal {

// What the journal stands on.
struct Dependencies {
  platform::Disk& disk;
  platform::Loop& loop;
  platform::Timers& timers;
  const platform::Clock& clock;
  platform::Random& random;
  platform::Log& log;
};

// The smallest limit of a batch: a payment that is carried forward fits.
inline constexpr std::uint64_t min_batch_bytes = batch_bytes(max_carried_records);

// Whether somebody waits for a record, or it may linger for company.
enum class Flush : std::uint8_t { now, lazy };

// Writes records in batches: one write, one sync, one batch in flight (PROTOCOL 4.1). What is added
// while a batch is in flight, or in one turn of the loop, becomes the next batch; a batch of which
// nothing is hasty lingers for Options::linger at most. Completions run
// in the order in which they were added, when their record is durable. A failed write or sync is
// final: `fatal` is called once, and nothing completes any more (PROTOCOL 4.4). Loop thread only.
class Writer {
 public:
  // The journal goes on in a new segment; the one before does not change any more.
  using OnSegment = std::move_only_function<void(const SegmentBegin&)>;
  // `on_prepared` is called whenever a prepared segment has become ready.

  Writer(const Options& options, Start start, const Dependencies& deps, Counters& counters,
         SegmentPool::BytesToCarry bytes_to_carry, OnSegment on_segment,
         platform::Callback on_prepared, Fatal fatal);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // The record's place in the journal; places grow by one.
  std::uint64_t add(const Record& record, Flush flush);
  std::uint64_t add(const Record& record, Flush flush, Completion completion);

  // Ends the journal, when it is idle: in a batch of its own, so that damage to the one before is
  // seen (PROTOCOL 4.2).
  void add_end_mark(Store::Done done);

  // `completion` runs when the record at `sequence`, which is not durable yet, is.
  void after(std::uint64_t sequence, Completion completion);

  // The place of the next record.
  std::uint64_t next_sequence() const { return added_ + 1; }

  bool is_durable(std::uint64_t sequence) const { return sequence <= durable_; }

  // Also with durability `os`.
  bool survives_power_cut(std::uint64_t sequence) const;

  // Also with durability `os` all that is durable survives a power cut when `done` runs. It is for
  // a full disk: else the segment's end is near enough. One at a time.
  void sync(Store::Done done);

  // False while there is space only for payments that were accepted already.
  bool has_room() const { return !pool_.is_down_to_reserve(); }

  // So much can be written before a segment must be prepared.
  std::uint64_t room() const { return segment_.size - offset_ + pool_.bytes(); }

  SegmentPool& pool() { return pool_; }

  // Nothing is gathered or in flight.
  bool idle() const { return durable_ == added_; }

 private:
  struct Waiting {
    std::uint64_t sequence;
    Completion completion;
  };
  // Two of them take turns, so that no batch needs new memory.
  struct Pending {
    BatchBuilder batch;
    std::vector<Waiting> waiting;
  };

  std::uint64_t gather(const Record& record, Flush flush);
  void schedule();
  void flush_at_the_end_of_the_turn();
  void flush();
  void write_batch(std::uint64_t most_records);
  void move_later_completions();
  void change_segment();
  void leave_segment();
  void sync_segment();
  void append(std::uint64_t offset, std::span<const std::byte> bytes,
              platform::Durability durability, std::shared_ptr<const void> owner,
              void (Writer::*next)());
  void batch_is_durable();
  void segment_is_synced();
  void fail(const platform::DiskError& error);

  const platform::Durability durability_;
  const std::uint64_t max_batch_bytes_;
  const platform::Duration linger_;
  platform::Disk& disk_;
  platform::Loop& loop_;
  platform::Timers& timers_;
  const platform::Clock& clock_;
  Counters& counters_;
  OnSegment on_segment_;
  Fatal fatal_;

  Chain chain_;
  Segment segment_;
  std::string segment_name_;
  std::uint64_t offset_;
  SegmentBegin begin_;     // of segment_
  Store::Done on_synced_;  // null: no sync is wanted

  std::shared_ptr<Pending> gathering_ = std::make_shared<Pending>();
  std::shared_ptr<Pending> in_flight_ = std::make_shared<Pending>();
  std::uint64_t in_flight_bytes_ = 0;
  std::uint64_t in_flight_records_ = 0;
  platform::Instant in_flight_since_;
  std::uint64_t added_;        // the place of the newest record
  std::uint64_t handed_over_;  // of the newest record that was handed to the disk
  std::uint64_t durable_;      // of the newest record that is durable
  std::uint64_t synced_;       // of the newest record that survives a power cut, with `os`
  bool appending_ = false;     // the disk has not answered yet
  bool flush_is_due_ = false;
  bool flush_now_ = false;  // a caller waits for what is gathered
  platform::TimerId linger_timer_ = platform::TimerId::none;
  bool failed_ = false;

  SegmentPool pool_;
  platform::Lifetime lifetime_;
};

}  // namespace payswitch::store::journal
