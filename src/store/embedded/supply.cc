#include "store/embedded/supply.h"

#include <cassert>
#include <span>
#include <utility>

namespace payswitch::store::embedded {

SegmentSupply::SegmentSupply(std::uint64_t segment_bytes, std::uint64_t last,
                             std::vector<Segment> prepared, world::Disk& disk, world::Loop& loop,
                             world::Timers& timers, world::Log& log, Counters& counters,
                             BytesToTell bytes_to_tell, world::Callback on_ready)
    : segment_bytes_(segment_bytes),
      disk_(disk),
      timers_(timers),
      log_(log),
      counters_(counters),
      bytes_to_tell_(std::move(bytes_to_tell)),
      on_ready_(std::move(on_ready)),
      ready_(prepared.begin(), prepared.end()),
      last_(prepared.empty() ? last : prepared.back().number) {
  count();
  loop.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) fill();
  });
}

SegmentSupply::~SegmentSupply() {
  timers_.cancel(retry_);
}

Segment SegmentSupply::take() {
  assert(!ready_.empty());
  const Segment segment = ready_.front();
  ready_.pop_front();
  count();
  fill();
  return segment;
}

std::string SegmentSupply::lend_room() {
  if (!failing_ || preparing_ || lent_ || ready_.empty()) return "";
  lent_ = true;
  last_ = ready_.back().number - 1;
  ready_.pop_back();
  count();
  return segment_name(last_ + 1);
}

void SegmentSupply::give_back() {
  lent_ = false;
  timers_.cancel(std::exchange(retry_, world::TimerId::none));
  fill();
}

void SegmentSupply::fill() {
  if (preparing_ || lent_ || retry_ != world::TimerId::none || ready_.size() > reserve()) return;
  preparing_ = true;
  const Segment segment{.number = last_ + 1, .size = segment_bytes_};
  const auto header = make_segment_header(segment);
  const auto bytes = std::as_bytes(std::span(&header, 1));
  disk_.prepare(segment_name(segment.number), world::Bytes(bytes.begin(), bytes.end()),
                segment.size,
                [this, segment, alive = std::weak_ptr(alive_)](world::DiskResult<void> result) {
                  if (!alive.expired()) prepared(segment, std::move(result));
                });
}

void SegmentSupply::prepared(const Segment& segment, world::DiskResult<void> result) {
  preparing_ = false;
  if (!result) {
    if (!failing_) {
      log_.warn("{}: new payments are refused while no journal segment can be prepared",
                result.error().message());
    }
    failing_ = true;
    retry_ = timers_.after(prepare_retry, [this] {
      retry_ = world::TimerId::none;
      fill();
    });
    return;
  }
  if (failing_)
    log_.info("{} is prepared: new payments are accepted", segment_name(segment.number));
  failing_ = false;
  last_ = segment.number;
  ready_.push_back(segment);
  count();
  fill();
  on_ready_();
}

}  // namespace payswitch::store::embedded
