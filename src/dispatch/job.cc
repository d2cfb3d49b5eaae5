#include "dispatch/job.h"

#include <cassert>

namespace payswitch::dispatch {

Job& Jobs::add() {
  if (free_.empty()) {
    const auto index = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back().index = index;
    free_.push_back(index);
  }
  Slot& slot = slots_[free_.back()];
  free_.pop_back();
  slot.used = true;
  return slot;
}

Job* Jobs::find(JobRef ref) {
  Slot& slot = slots_[ref.slot];
  return slot.used && slot.generation == ref.generation ? &slot : nullptr;
}

void Jobs::remove(Job& job) {
  Slot& slot = static_cast<Slot&>(job);
  assert(slot.used);
  slot.in_order.unlink();
  slot.in_unknown.unlink();
  const std::uint32_t generation = slot.generation + 1;
  static_cast<Job&>(slot) = Job{};
  slot.generation = generation;
  slot.used = false;
  free_.push_back(slot.index);
}

}  // namespace payswitch::dispatch
