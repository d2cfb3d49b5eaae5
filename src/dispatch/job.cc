#include "dispatch/job.h"

#include <cassert>
#include <utility>

namespace payswitch::dispatch {

Job& Jobs::add() {
  if (free_.empty()) {
    const auto index = static_cast<std::uint32_t>(slots_.size());
    slots_.add().index = index;
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

void Jobs::begin_attempt(Job& job, const Attempt& attempt) {
  assert(!job.attempt);
  if (spare_.empty()) {
    job.attempt = std::make_unique<AttemptAtWork>(attempt);
    return;
  }
  job.attempt = std::move(spare_.back());
  spare_.pop_back();
  static_cast<Attempt&>(*job.attempt) = attempt;
}

void Jobs::end_attempt(Job& job) {
  cancel_timer(job);
  job.attempt->reservation.reset();
  job.attempt->in_unknown.unlink();
  spare_.push_back(std::move(job.attempt));
  job.processor = payment::no_processor;
}

void Jobs::set_timer(Job& job, platform::Duration delay, platform::Callback callback) {
  cancel_timer(job);
  job.timer = timers_.after(delay, std::move(callback));
}

void Jobs::cancel_timer(Job& job) {
  if (job.timer == platform::TimerId::none) return;
  timers_.cancel(std::exchange(job.timer, platform::TimerId::none));
}

Job& Jobs::due(JobRef ref) {
  Job* const job = find(ref);
  assert(job);
  job->timer = platform::TimerId::none;
  return *job;
}

void Jobs::remove(Job& job) {
  Slot& slot = static_cast<Slot&>(job);
  assert(slot.used);
  cancel_timer(slot);
  if (slot.attempt) end_attempt(slot);
  slot.in_order.unlink();
  const std::uint32_t generation = slot.generation + 1;
  static_cast<Job&>(slot) = Job{};
  slot.generation = generation;
  slot.used = false;
  free_.push_back(slot.index);
}

}  // namespace payswitch::dispatch
