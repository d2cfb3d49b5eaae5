#include "platform/timer_queue.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace payswitch::platform {
namespace {

// Below it a heap is left alone, however stale: compacting would cost more than it frees.
constexpr std::size_t max_stale_beyond_live = 64;

TimerId name(std::uint32_t slot, std::uint32_t generation) {
  return TimerId{(std::uint64_t{generation} << 32) | slot};
}

// For the heap algorithms, which keep the greatest on top: the later of the two is the smaller.
constexpr auto later = [](const auto& a, const auto& b) {
  return a.deadline != b.deadline ? a.deadline > b.deadline : a.sequence > b.sequence;
};

}  // namespace

TimerId TimerQueue::add(Instant deadline, Callback callback) {
  assert(callback);
  if (free_slots_.empty()) {
    assert(slots_.size() < std::numeric_limits<std::uint32_t>::max());
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  slot.callback = std::move(callback);
  slot.live = true;
  ++live_;
  heap_.push_back({deadline, next_sequence_++, index, slot.generation});
  std::ranges::push_heap(heap_, later);
  return name(index, slot.generation);
}

void TimerQueue::cancel(TimerId timer) {
  const auto index = static_cast<std::uint32_t>(std::to_underlying(timer));
  const auto generation = static_cast<std::uint32_t>(std::to_underlying(timer) >> 32);
  if (index >= slots_.size() || !slots_[index].live || slots_[index].generation != generation) {
    return;
  }
  // What the callback holds may call back into this queue when it is destroyed: that comes last.
  const Callback doomed = release(index);
  compact_when_mostly_stale();
}

std::optional<Instant> TimerQueue::earliest() {
  drop_stale_top();
  if (heap_.empty()) return std::nullopt;
  return heap_.front().deadline;
}

std::optional<Callback> TimerQueue::pop_due(Instant now) {
  drop_stale_top();
  if (heap_.empty() || heap_.front().deadline > now) return std::nullopt;
  const std::uint32_t index = heap_.front().slot;
  std::ranges::pop_heap(heap_, later);
  heap_.pop_back();
  Callback callback = release(index);
  compact_when_mostly_stale();
  return callback;
}

Callback TimerQueue::release(std::uint32_t index) {
  Slot& slot = slots_[index];
  assert(slot.live);
  Callback callback = std::move(slot.callback);
  slot.callback = nullptr;
  slot.live = false;
  // A generation of zero could make the name of no timer.
  if (++slot.generation == 0) slot.generation = 1;
  free_slots_.push_back(index);
  --live_;
  return callback;
}

bool TimerQueue::is_live(const Entry& entry) const {
  const Slot& slot = slots_[entry.slot];
  return slot.live && slot.generation == entry.generation;
}

void TimerQueue::drop_stale_top() {
  while (!heap_.empty() && !is_live(heap_.front())) {
    std::ranges::pop_heap(heap_, later);
    heap_.pop_back();
  }
}

void TimerQueue::compact_when_mostly_stale() {
  if (heap_.size() <= 2 * live_ + max_stale_beyond_live) return;
  std::erase_if(heap_, [this](const Entry& entry) { return !is_live(entry); });
  std::ranges::make_heap(heap_, later);
}

}  // namespace payswitch::platform
