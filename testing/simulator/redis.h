#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "testing/simulator/group_fault_plan.h"
#include "testing/world/random.h"
#include "testing/world/redis.h"
#include "testing/world/world.h"

namespace payswitch::lab::simulator {

// A Redis that falls from one trouble into the next, as the plan says, until it is calm. It
// outlives the last step of the world. One thread.
class UnsteadyRedis {
 public:
  // `told`: each trouble, one line, for a trace.
  UnsteadyRedis(World& world, std::uint64_t seed, const RedisFaultPlan& plan,
                std::function<void(const std::string&)> told);

  void start() { pause(); }
  // No further trouble; it is there, quick and has memory.
  void calm();

  VirtualRedis& redis() { return redis_; }

 private:
  using Trouble = void (UnsteadyRedis::*)();

  void pause();
  void trouble();
  platform::Duration some_time();
  RedisCut some_cut() { return static_cast<RedisCut>(random_.below(3)); }

  void be_slow();
  void cut();
  void go_away();
  void stop();
  void restart();
  void fail_over();
  void lose_step();
  void jump();
  void fill_up();
  void forget_scripts();

  World& world_;
  SeededRandom random_;
  const RedisFaultPlan plan_;
  std::function<void(const std::string&)> told_;
  VirtualRedis redis_;
  std::vector<Trouble> troubles_;  // that are on the plan
  bool is_calm_ = false;
};

}  // namespace payswitch::lab::simulator
