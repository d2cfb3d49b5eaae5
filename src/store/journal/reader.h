#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "store/journal/batch.h"

namespace payswitch::store::journal {

// A place in the journal.
struct Place {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;  // bytes

  bool operator==(const Place&) const = default;
};

// What was never written in a segment: only zeros.
bool only_zeros(std::span<const std::byte> bytes);

// Finds the batches of a log in the bytes of its segments (PROTOCOL 4.1, 4.2), and the gaps in it.
// It judges nothing: whether a gap stops the start is for recovery (embedded/replay.h), and
// `audit --data` goes on after it (embedded/check/salvage_reader.h). Pure: bytes come in. They are
// read while the segment is open.
class Reader {
 public:
  // The next batch of the log: intact, numbered one higher than the one before, and with that one's
  // checksum.
  struct Next {
    Batch batch;
    Place place;
    Chain before;  // where the log ended before this batch
  };

  // An intact batch with a later number, which is not the next one: what lies between was lost, or
  // never written. Batches with an earlier number are leftovers, and are passed over.
  struct Gap {
    Place begin;  // where the log ended, or where the first thing lies that is not of the log
    Batch batch;
  };

  using Found = std::variant<Next, Gap>;

  // The log goes on after `chain`, in `first_segment`.
  Reader(std::uint64_t first_segment, const Chain& chain)
      : first_segment_(first_segment),
        next_segment_(first_segment),
        chain_(chain),
        end_{.segment = first_segment - 1, .offset = 0} {}

  // The number of the segment that open() is called with next, when none is missing.
  std::uint64_t next_segment() const { return next_segment_; }

  // Goes on in that segment. next() has come to the end of the one before. `file` stays in place
  // until next() has come to the end of this one.
  void open(std::span<const std::byte> file, std::uint64_t number);

  // In place of open(): nothing was ever written to that segment.
  void pass_over(std::uint64_t number);

  // What follows in this segment; nullopt at its end.
  std::optional<Found> next();

  // Takes the batch after the gap that next() gave last as the next one of the log. Without this
  // next() looks for later batches after the same gap.
  void resume_after(const Gap& gap);

  // The last batch of the log.
  const Chain& chain() const { return chain_; }

  // Where the log ends: after its last batch, or at the beginning of the first segment. In the
  // segment before that, at offset zero, when nothing was opened.
  const Place& end() const { return end_; }

  // Where something other than zeros follows the log: a torn tail, if no gap follows.
  const std::optional<Place>& tear() const { return tear_; }

  // The log ended before the segment that is open.
  bool has_ended() const { return has_ended_; }

  // Of the segment that was read last: a batch of the log is in it, or only zeros follow the log.
  bool holds_batches() const { return holds_batches_; }
  bool is_clean() const { return is_clean_; }

 private:
  std::optional<Batch> next_later_batch();
  bool is_next(const Batch& batch) const;
  void advance(const Batch& batch);
  void close();

  const std::uint64_t first_segment_;
  std::uint64_t next_segment_;
  Chain chain_;
  Place end_;
  std::optional<Place> tear_;
  bool has_ended_ = false;

  // The segment that is open.
  std::span<const std::byte> file_;
  std::uint64_t number_ = 0;
  std::uint64_t offset_ = 0;     // looked at next
  std::uint64_t batch_end_ = 0;  // of the last batch of the log in it
  bool holds_batches_ = false;
  bool is_clean_ = true;
};

}  // namespace payswitch::store::journal
