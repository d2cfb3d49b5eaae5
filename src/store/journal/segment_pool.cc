#include "store/journal/segment_pool.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <numeric>
#include <span>
#include <utility>

#include "store/journal/segment_sizes.h"

namespace payswitch::store::journal {

SegmentPool::SegmentPool(const Kind& kind, const Segment& current, std::vector<Segment> prepared,
                         platform::Disk& disk, platform::Loop& loop, platform::Timers& timers,
                         platform::Log& log, Counters& counters, BytesToCarry bytes_to_carry,
                         platform::Callback on_ready)
    : kind_(kind),
      current_bytes_(current.size),
      disk_(disk),
      timers_(timers),
      log_(log),
      counters_(counters),
      bytes_to_carry_(std::move(bytes_to_carry)),
      on_ready_(std::move(on_ready)),
      ready_(prepared.begin(), prepared.end()),
      last_(prepared.empty() ? current.number : prepared.back().number),
      open_(std::min(prepared.size(), max_open_ahead)) {
  count();
  loop.post(lifetime_.guard([this] { fill(); }));
}

SegmentPool::~SegmentPool() {
  timers_.cancel(retry_preparing_);
  timers_.cancel(retry_opening_);
}

Segment SegmentPool::take() {
  assert(!empty());
  const Segment segment = ready_.front();
  ready_.pop_front();
  --open_;
  current_bytes_ = segment.size;
  count();
  fill();
  return segment;
}

std::string SegmentPool::borrow_room() {
  if (!is_failing() || working_ || borrowed_ || ready_.empty()) return "";
  borrowed_ = true;
  last_ = ready_.back().number - 1;
  ready_.pop_back();
  count();
  const auto name = segment_name(last_ + 1);
  if (open_ > ready_.size()) {
    disk_.close(name);
    --open_;
  }
  return name;
}

void SegmentPool::return_room() {
  borrowed_ = false;
  timers_.cancel(std::exchange(retry_preparing_, platform::TimerId::none));
  fill();
}

// Opening comes first: what is prepared and not open is of no use yet.
void SegmentPool::fill() {
  if (working_) return;
  if (is_opening_due()) return open_next();
  if (is_preparing_due()) prepare_next();
}

bool SegmentPool::is_opening_due() const {
  return retry_opening_ == platform::TimerId::none &&
         open_ < std::min(ready_.size(), max_open_ahead);
}

bool SegmentPool::is_preparing_due() const {
  return retry_preparing_ == platform::TimerId::none && !borrowed_ &&
         (works_ ? !has_more_than_the_reserve() : ready_.empty());
}

std::uint64_t SegmentPool::bytes() const {
  return std::transform_reduce(ready_.begin(), ready_.end(), std::uint64_t{0}, std::plus{},
                               [](const Segment& segment) { return segment.size; });
}

// One to switch to beside the reserve, and all are as long as the reserve must be.
bool SegmentPool::has_more_than_the_reserve() const {
  std::uint64_t bytes = 0;
  for (std::size_t i = reserve_segments; i < ready_.size(); ++i) bytes += ready_[i].size;
  return bytes > reserve_times_open * bytes_to_carry_();
}

void SegmentPool::open_next() {
  working_ = true;
  disk_.open_ahead(
      segment_name(ready_[open_].number),
      lifetime_.guard([this](platform::DiskResult<void> result) { opened(std::move(result)); }));
}

// Which one it was is known still: while one is opened none is lent, and those that are taken are
// open, and before it.
void SegmentPool::opened(platform::DiskResult<void> result) {
  working_ = false;
  if (result) ++open_;
  note(result, opening_fails_, retry_opening_);
  fill();
  if (result) on_ready_();
}

void SegmentPool::prepare_next() {
  working_ = true;
  const Segment segment{
      .number = last_ + 1,
      .size = is_short_ ? current_bytes_ : next_segment_bytes(current_bytes_, kind_.most_bytes),
      .is_of_os = kind_.is_of_os,
      .synced = kind_.is_of_os ? segment_header_bytes : 0};
  const auto header = make_segment_header(segment);
  const auto bytes = std::as_bytes(std::span(&header, 1));
  disk_.prepare(segment_name(segment.number), platform::Bytes(bytes.begin(), bytes.end()),
                segment.size, lifetime_.guard([this, segment](platform::DiskResult<void> result) {
                  prepared(segment, std::move(result));
                }));
}

void SegmentPool::prepared(const Segment& segment, platform::DiskResult<void> result) {
  working_ = false;
  if (result) {
    last_ = segment.number;
    ready_.push_back(segment);
    count();
  }
  note(result, preparing_fails_, retry_preparing_);
  fill();
}

// Says it once when it begins, and once when it is over.
void SegmentPool::note(const platform::DiskResult<void>& result, bool& fails,
                       platform::TimerId& retry) {
  fails = !result;
  if (!std::exchange(is_short_, is_short_ || is_failing()) && is_short_) {
    log_.warn("{}: new payments are refused while no journal segment can be prepared",
              result.error().message());
  } else if (is_short_ && !is_failing() && has_more_than_the_reserve()) {
    is_short_ = false;
    log_.info("{} is prepared: new payments are accepted", segment_name(last_));
  }
  if (result) return;
  retry = timers_.after(prepare_retry, [this, &retry] {
    retry = platform::TimerId::none;
    fill();
  });
}

}  // namespace payswitch::store::journal
