#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "store/archive/builder.h"
#include "store/embedded/check/discrepancy.h"
#include "store/journal/batch.h"
#include "store/journal/segment.h"

namespace payswitch::store::embedded::check {

// Reads the journal of the embedded store as far as it can be read. What belongs to the log is what
// the switch itself takes at its start (store/embedded/replay.h, PROTOCOL 4.1 and 4.2); but where
// that one stops, this one says what is wrong and goes on at the next batch that is intact. Pure:
// bytes come in.
class JournalReader {
 public:
  using Record = journal::Record;

  struct Events {
    // A record whose fields hold what its type allows.
    std::function<void(const journal::Record& record, const Place& place)> record;
    std::function<void(Discrepancy finding)> finding;
  };

  // `sealed`: what the journal goes on after.
  JournalReader(Events events, const archive::FileInfo& archived)
      : events_(std::move(events)),
        first_segment_(archived.last_segment + 1),
        last_segment_(archived.last_segment),
        chain_(archived.chain) {}

  // The segments in the order of their numbers, from the first that is not archived.
  void read(std::span<const std::byte> file, std::uint64_t number);

  std::uint64_t segments() const { return segments_; }
  std::uint64_t batches() const { return batches_; }
  std::uint64_t records() const { return records_; }

  // Batches have been passed over: what later records speak of may have been in them.
  bool is_after_damage() const { return after_damage_; }

  // Something other than zeros after the last batch, and no later batch: the torn tail of a crash,
  // or what is being written this moment. It was never acknowledged.
  const std::optional<Place>& tear() const { return tear_; }

 private:
  void check(std::span<const std::byte> file, std::uint64_t number);
  void take(const journal::Batch& batch, const std::string& name);
  void tell_gap(const Place& begin, const journal::Batch& batch, const std::string& name);

  Events events_;
  const std::uint64_t first_segment_;
  std::uint64_t last_segment_;
  std::uint64_t segments_ = 0;
  std::uint64_t batches_ = 0;
  std::uint64_t records_ = 0;
  journal::Chain chain_;
  Place end_;  // after the last batch that was taken
  bool after_damage_ = false;
  bool stopped_ = false;  // the log should have ended before what is read next
  std::optional<Place> tear_;
};

}  // namespace payswitch::store::embedded::check
