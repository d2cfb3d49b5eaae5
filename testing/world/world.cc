#include "testing/world/world.h"

#include <algorithm>
#include <cassert>

namespace payswitch::lab {

namespace {

std::int64_t whole_ms(world::Instant moment) {
  return std::chrono::floor<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}

}  // namespace

payment::UtcMs World::wall() const {
  return {wall_at_zero_.value + whole_ms(now_)};
}

void World::set_wall(payment::UtcMs wall) {
  wall_at_zero_.value = wall.value - whole_ms(now_);
}

world::TimerId World::after(world::Duration delay, world::Callback callback) {
  return timers_.add(now_ + std::max(delay, world::Duration::zero()), std::move(callback));
}

bool World::step() {
  return step_until(world::Instant::max());
}

bool World::step_until(world::Instant latest) {
  if (!posted_.empty()) {
    world::Callback callback = std::move(posted_.front());
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

void World::advance(world::Instant moment) {
  if (moment <= now_) return;
  now_ = moment;
  steps_without_time_ = 0;
}

void World::run_until(world::Instant moment) {
  while (step_until(moment)) {
  }
  advance(moment);
}

bool World::run_until_idle(world::Duration at_most) {
  const world::Instant end = now_ + at_most;
  while (step_until(end)) {
  }
  return posted_.empty() && !timers_.earliest();
}

bool World::run_until(const std::function<bool()>& holds, world::Duration at_most) {
  const world::Instant end = now_ + at_most;
  while (!holds()) {
    if (!step_until(end)) return false;
  }
  return true;
}

}  // namespace payswitch::lab
