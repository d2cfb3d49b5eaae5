#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "store/archive/builder.h"
#include "store/embedded/check/discrepancy.h"
#include "store/journal/reader.h"

namespace payswitch::store::embedded::check {

// Reads the journal of the embedded store as far as it can be read. What belongs to the log is what
// the switch itself takes at its start (store/embedded/replay.h), for both read with
// journal::Reader; but where that start is refused, this one says what is wrong and goes on with
// the next batch that is intact. Pure: bytes come in.
class SalvageReader {
 public:
  struct Events {
    // A record whose fields hold what its type allows.
    std::function<void(const journal::Record& record, const Place& place)> record;
    std::function<void(Discrepancy discrepancy)> discrepancy;
  };

  // The journal goes on after the archive file that says this.
  SalvageReader(Events events, const archive::FileInfo& last)
      : events_(std::move(events)), reader_(last.last_segment + 1, last.chain) {}

  // The segments in the order of their numbers, from the first that is not archived.
  void read(std::span<const std::byte> file, std::uint64_t number);

  std::uint64_t segments() const { return segments_; }
  std::uint64_t batches() const { return batches_; }
  std::uint64_t records() const { return records_; }

  // Batches have been passed over: what later records speak of may have been in them.
  bool is_after_damage() const { return after_damage_; }

  // Something other than zeros after the last batch, and no later batch: the torn tail of a crash,
  // or what is being written this moment. It was never acknowledged.
  std::optional<Place> tear() const;

 private:
  void check(std::span<const std::byte> file, std::uint64_t number);
  void take(const journal::Batch& batch, const std::string& name);
  void report(const journal::Reader::Gap& gap, const std::string& name);

  Events events_;
  journal::Reader reader_;
  std::uint64_t segments_ = 0;
  std::uint64_t batches_ = 0;
  std::uint64_t records_ = 0;
  bool after_damage_ = false;
};

}  // namespace payswitch::store::embedded::check
