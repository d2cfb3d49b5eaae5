#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "store/archive/writer.h"
#include "store/embedded/check/finding.h"
#include "store/journal/batch.h"
#include "store/journal/segment.h"

namespace payswitch::audit {

// Reads the journal of the embedded store as far as it can be read. What belongs to the log is what
// the switch itself takes at its start (store/embedded/replay.h, PROTOCOL 4.1 and 4.2); but where
// that one stops, this one says what is wrong and goes on at the next group that is intact. Pure:
// bytes come in.
class JournalReader {
 public:
  using Record = store::embedded::Record;

  struct Events {
    // A record whose fields hold what its type allows.
    std::function<void(const Record& record, const Place& place)> record;
    std::function<void(JournalFinding finding)> finding;
  };

  // `sealed`: what the journal goes on behind.
  JournalReader(Events events, const store::embedded::SealInfo& sealed)
      : events_(std::move(events)),
        first_segment_(sealed.last_segment + 1),
        last_segment_(sealed.last_segment),
        chain_(sealed.chain) {}

  // The segments in the order of their numbers, from the first that is not sealed.
  void read(std::span<const std::byte> file, std::uint64_t number);

  std::uint64_t segments() const { return segments_; }
  std::uint64_t groups() const { return groups_; }
  std::uint64_t records() const { return records_; }

  // Groups have been passed over: what later records speak of may have been in them.
  bool is_behind_damage() const { return behind_damage_; }

  // Something other than zeros behind the last group, and no later group: the torn tail of a crash,
  // or what is being written this moment. It was never acknowledged.
  const std::optional<Place>& tear() const { return tear_; }

 private:
  void check(std::span<const std::byte> file, std::uint64_t number);
  void take(const store::embedded::IntactGroup& group, const std::string& name);
  void tell_gap(const Place& begin, const store::embedded::IntactGroup& group,
                const std::string& name);

  Events events_;
  const std::uint64_t first_segment_;
  std::uint64_t last_segment_;
  std::uint64_t segments_ = 0;
  std::uint64_t groups_ = 0;
  std::uint64_t records_ = 0;
  store::embedded::Chain chain_;
  Place end_;  // behind the last group that was taken
  bool behind_damage_ = false;
  bool stopped_ = false;  // the log should have ended before what is read next
  std::optional<Place> tear_;
};

}  // namespace payswitch::audit
