#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "platform/loop.h"

namespace payswitch::platform {

// The timers themselves, without a clock: both worlds keep theirs in one. Adding is cheap when
// deadlines mostly grow, cancelling is constant, and cancelled entries never outnumber live ones by
// more than a constant.
class TimerQueue {
 public:
  TimerId add(Instant deadline, Callback callback);
  void cancel(TimerId timer);

  // The earliest deadline of a live timer.
  std::optional<Instant> earliest();

  // The callback of the earliest live timer with a deadline of `now` or before; nullopt when none
  // is due. The timer is gone before its callback runs, which may add and cancel others.
  std::optional<Callback> pop_due(Instant now);

  std::size_t size() const { return live_; }

  // Live timers and the cancelled ones that still take room: at most 2 * size() + 64.
  std::size_t entries() const { return heap_.size(); }

 private:
  struct Entry {
    Instant deadline;
    std::uint64_t sequence;
    std::uint32_t slot;
    std::uint32_t generation;
  };
  struct Slot {
    Callback callback;
    std::uint32_t generation = 1;
    bool live = false;
  };

  Callback release(std::uint32_t slot);
  bool is_live(const Entry& entry) const;
  void drop_stale_top();
  void compact_when_mostly_stale();

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::size_t live_ = 0;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace payswitch::platform
