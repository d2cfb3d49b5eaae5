#include "testing/world/world.h"

#include <algorithm>
#include <cassert>

namespace payswitch::lab {

namespace {

std::int64_t whole_ms(platform::Instant moment) {
  return std::chrono::floor<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}

}  // namespace

payment::UtcMs World::wall() const {
  return {wall_at_zero_.value + whole_ms(now_)};
}

void World::set_wall(payment::UtcMs wall) {
  wall_at_zero_.value = wall.value - whole_ms(now_);
}

platform::TimerId World::after(platform::Duration delay, platform::Callback callback) {
  return timers_.add(now_ + std::max(delay, platform::Duration::zero()), std::move(callback));
}

bool World::step() {
  return step_until(platform::Instant::max());
}

bool World::step_until(platform::Instant latest) {
  if (!posted_.empty()) {
    platform::Callback callback = std::move(posted_.front());
    posted_.pop_front();
    ++steps_without_time_;
    assert(steps_without_time_ < max_steps_without_time);
    callback();
    return true;
  }
  const auto deadline = timers_.earliest();
  if (!deadline || *deadline > latest) return false;
  advance(*deadline);
  auto callback = timers_.pop_due(now_);
  assert(callback.has_value());
  (*callback)();
  return true;
}

void World::advance(platform::Instant moment) {
  if (moment <= now_) return;
  now_ = moment;
  steps_without_time_ = 0;
}

void World::run_until(platform::Instant moment) {
  while (step_until(moment)) {
  }
  advance(moment);
}

bool World::run_until_idle(platform::Duration at_most) {
  const platform::Instant end = now_ + at_most;
  while (step_until(end)) {
  }
  return posted_.empty() && !timers_.earliest();
}

bool World::run_until(const std::function<bool()>& holds, platform::Duration at_most) {
  const platform::Instant end = now_ + at_most;
  while (!holds()) {
    if (!step_until(end)) return false;
  }
  return true;
}

}  // namespace payswitch::lab
