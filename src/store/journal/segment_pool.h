#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "platform/disk.h"
#include "platform/lifetime.h"
#include "platform/log.h"
#include "platform/loop.h"
#include "store/counters.h"
#include "store/journal/segment.h"

namespace payswitch::store::journal {

// The last prepared segments are kept for payments that were accepted already (PROTOCOL 4.4): so
// many, and so many times the room that it takes to carry forward what is open. A full disk gets
// room by carrying it forward, and until then what is open writes as well.
inline constexpr std::size_t reserve_segments = 2;
inline constexpr std::uint64_t reserve_times_open = 5;

inline constexpr auto prepare_retry = std::chrono::seconds(1);

// So many of the prepared segments, the next ones, are open already.
inline constexpr std::size_t max_open_ahead = 2;

// Keeps empty segments ready before the journal needs them: it is the only one that takes space on
// the disk, and the only one that opens a segment. One is ready to switch to, beside the reserve.
// When that fails it says so once, tries again every second, and nothing else stops for it. Loop
// thread only; asks for the first segment once the loop runs.
class SegmentPool {
 public:
  // Of all that is open.
  using BytesToCarry = std::function<std::uint64_t()>;

  // What the segments are like that it makes.
  struct Kind {
    std::uint64_t most_bytes = 0;  // of one
    bool is_of_os = false;
  };

  // `current` is being written to. `prepared` are ready already, and the first max_open_ahead of
  // them are open; the next one to make follows the last of all these. `on_ready` is called
  // whenever one has become ready.
  SegmentPool(const Kind& kind, const Segment& current, std::vector<Segment> prepared,
              platform::Disk& disk, platform::Loop& loop, platform::Timers& timers,
              platform::Log& log, Counters& counters, BytesToCarry bytes_to_carry,
              platform::Callback on_ready);
  ~SegmentPool();
  SegmentPool(const SegmentPool&) = delete;
  SegmentPool& operator=(const SegmentPool&) = delete;

  bool empty() const { return open_ == 0; }

  // The next segment in the order of numbers, open for appends. Not empty().
  Segment take();

  // Something is written that needs the reserve: until then one segment is ready, and no more.
  void begin_work() { works_ = true; }

  // What is open may have grown, and the reserve grows with it.
  void keep_up() { fill(); }

  // Of the segment that is written to.
  std::uint64_t segment_bytes() const { return current_bytes_; }

  // Since one could not be prepared or opened, until there is more than the reserve again.
  bool is_short() const { return is_short_; }

  // Of all prepared segments.
  std::uint64_t bytes() const;

  // No segment can be prepared, or none can be opened.
  bool is_failing() const { return preparing_fails_ || opening_fails_; }

  // The last prepared segment's file, for its room, while no other can be had; "" when there is
  // none to spare. Nothing is prepared until return_room(): what the room is needed for frees more.
  std::string borrow_room();
  // It is called whenever a segment was removed: what failed for want of room is tried at once.
  void return_room();

  // Nothing but the reserve is left, because preparing fails, or did so and has not made up for it
  // yet: new payments must wait outside.
  bool is_down_to_reserve() const { return is_short_ && (empty() || !has_more_than_the_reserve()); }

 private:
  bool has_more_than_the_reserve() const;
  void fill();
  bool is_opening_due() const;
  bool is_preparing_due() const;
  void open_next();
  void opened(platform::DiskResult<void> result);
  void prepare_next();
  void prepared(const Segment& segment, platform::DiskResult<void> result);
  void note(const platform::DiskResult<void>& result, bool& fails, platform::TimerId& retry);
  void count() { counters_.prepared_segments = ready_.size(); }

  const Kind kind_;
  std::uint64_t current_bytes_;  // of the segment that is written to
  bool works_ = false;
  platform::Disk& disk_;
  platform::Timers& timers_;
  platform::Log& log_;
  Counters& counters_;
  const BytesToCarry bytes_to_carry_;
  platform::Callback on_ready_;

  std::deque<Segment> ready_;
  std::uint64_t last_;    // the number of the newest segment that exists
  std::size_t open_;      // so many of the first in ready_ are open
  bool working_ = false;  // the disk prepares one, or opens one
  bool borrowed_ = false;
  bool preparing_fails_ = false;
  bool is_short_ = false;  // since it has failed, until there is more than the reserve again
  bool opening_fails_ = false;
  platform::TimerId retry_preparing_ = platform::TimerId::none;
  platform::TimerId retry_opening_ = platform::TimerId::none;
  platform::Lifetime lifetime_;
};

}  // namespace payswitch::store::journal
