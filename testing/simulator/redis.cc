#include "testing/simulator/redis.h"

#include <fmt/format.h>

#include <utility>

namespace payswitch::lab::simulator {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto shortest_time = milliseconds(1);
constexpr auto usually_slow = milliseconds(20);
constexpr auto very_slow = seconds(1);

}  // namespace

UnsteadyRedis::UnsteadyRedis(World& world, std::uint64_t seed, const RedisFaultPlan& plan,
                             std::function<void(const std::string&)> told)
    : world_(world),
      random_(seed),
      plan_(plan),
      told_(std::move(told)),
      redis_(world, random_.next(), plan.settings) {
  const auto may = [this](bool is, Trouble trouble) {
    if (is) troubles_.push_back(trouble);
  };
  may(plan.is_slow, &UnsteadyRedis::be_slow);
  may(plan.cuts, &UnsteadyRedis::cut);
  may(plan.goes_away, &UnsteadyRedis::go_away);
  may(plan.stops, &UnsteadyRedis::stop);
  may(plan.restarts, &UnsteadyRedis::restart);
  may(plan.fails_over, &UnsteadyRedis::fail_over);
  may(plan.replicas_lag, &UnsteadyRedis::lose_step);
  may(plan.clock_jumps, &UnsteadyRedis::jump);
  may(plan.fills_up, &UnsteadyRedis::fill_up);
  may(plan.forgets_scripts, &UnsteadyRedis::forget_scripts);
}

void UnsteadyRedis::pause() {
  if (troubles_.empty()) return;
  world_.after(between(random_, shortest_time, 2 * plan_.pause), [this] {
    if (!is_calm_) trouble();
  });
}

// One at a time: what the last one did is over before the next one comes.
void UnsteadyRedis::trouble() {
  (this->*troubles_[random_.below(troubles_.size())])();
}

void UnsteadyRedis::calm() {
  is_calm_ = true;
  redis_.set_latency({});
  redis_.set_out_of_memory(false);
  redis_.set_replicas_in_step(plan_.settings.replicas);
  redis_.come_back();
  redis_.go_on();
}

platform::Duration UnsteadyRedis::some_time() {
  return between(random_, shortest_time, plan_.longest_absence);
}

void UnsteadyRedis::be_slow() {
  const platform::Duration most = random_.one_in(4) ? very_slow : usually_slow;
  told_(fmt::format("redis takes up to {} ms each way", most / milliseconds(1)));
  redis_.set_latency({.most_there = most, .most_back = most});
  world_.after(some_time(), [this] {
    redis_.set_latency({});
    pause();
  });
}

void UnsteadyRedis::cut() {
  told_("redis: a connection is cut");
  random_.one_in(4) ? redis_.cut(some_cut()) : redis_.cut_next(some_cut());
  pause();
}

void UnsteadyRedis::go_away() {
  const bool silently = random_.one_in(2);
  told_(silently ? "redis is silent" : "redis is away");
  redis_.go_away(some_cut(), silently);
  world_.after(some_time(), [this] {
    redis_.come_back();
    pause();
  });
}

void UnsteadyRedis::stop() {
  told_("redis is stopped");
  redis_.stop();
  world_.after(some_time(), [this] {
    redis_.go_on();
    pause();
  });
}

void UnsteadyRedis::restart() {
  const auto downtime = some_time();
  told_("redis restarts");
  if (random_.one_in(2)) redis_.save();
  redis_.restart(downtime);
  world_.after(downtime, [this] { pause(); });
}

void UnsteadyRedis::fail_over() {
  const auto downtime = some_time();
  told_("redis fails over");
  redis_.fail_over(downtime);
  world_.after(downtime, [this] { pause(); });
}

void UnsteadyRedis::lose_step() {
  told_("redis: a replica is out of step");
  redis_.set_replicas_in_step(static_cast<std::uint32_t>(random_.below(plan_.settings.replicas)));
  world_.after(some_time(), [this] {
    redis_.set_replicas_in_step(plan_.settings.replicas);
    pause();
  });
}

void UnsteadyRedis::jump() {
  const milliseconds span = random_.one_in(2) ? milliseconds(hours(1)) : milliseconds(2'000);
  const auto by = between(random_, -span, span);
  told_(fmt::format("the clock of redis jumps by {} ms", by / milliseconds(1)));
  redis_.jump_clock(by);
  pause();
}

void UnsteadyRedis::fill_up() {
  told_("redis has no memory");
  redis_.set_out_of_memory(true);
  world_.after(some_time(), [this] {
    redis_.set_out_of_memory(false);
    pause();
  });
}

void UnsteadyRedis::forget_scripts() {
  told_("redis forgets its scripts");
  redis_.forget_scripts();
  pause();
}

}  // namespace payswitch::lab::simulator
