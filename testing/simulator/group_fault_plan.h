#pragma once

#include <cstdint>
#include <string>

#include "testing/simulator/fault_plan.h"
#include "testing/world/random.h"
#include "testing/world/redis.h"

namespace payswitch::lab::simulator {

// The faults of the Redis of a run: drawn from its seed, plain data.
struct RedisFaultPlan {
  RedisSettings settings;
  bool is_slow = false;    // messages take up to 20 ms, now and then up to a second
  bool cuts = false;       // with commands under way
  bool goes_away = false;  // refuses connections, or is silent
  bool stops = false;      // and then runs what waits in its sockets
  bool restarts = false;
  bool fails_over = false;
  bool replicas_lag = false;  // WAIT finds fewer of them
  bool clock_jumps = false;
  bool fills_up = false;  // out of memory
  bool forgets_scripts = false;
  platform::Duration longest_absence{};  // also of a stop, a restart, a failover
  platform::Duration pause{};            // between two troubles, on average

  // Writes that were answered may be gone (PROTOCOL 7.5): Kept holds up to those, and Once is
  // bounded where intents are not confirmed.
  bool may_forget() const {
    return (restarts && settings.keeps != RedisKeeps::everything) || fails_over;
  }
};

// Which faults a run with several instances on one Redis has: drawn from its seed. Processors,
// clients and settings of each instance are those of the single one; its disk and journal are not
// used.
struct GroupFaultPlan {
  FaultPlan plan;
  RedisFaultPlan redis;
  std::size_t instances = 2;     // 2 to 4
  bool instances_die = false;    // kill -9, one at a time or all at once
  bool instances_sleep = false;  // stopped for longer than their lease, then go on (PROTOCOL 7.4)
  bool instances_join_late = false;  // while payments are under way (PROTOCOL 2.4)
  // Each machine has a wall clock of its own, up to so far off; after a restart perhaps another.
  platform::Duration walls_differ_by{0};
  // There are two versions of the configuration: the new one has a processor more, and another
  // max_in_flight. An instance has one of them until it is started again.
  bool configurations_differ = false;
  bool clients_wander = false;             // repeat at another instance
  std::uint64_t steps_between_deaths = 0;  // on average, of the whole group
};

GroupFaultPlan draw_group_fault_plan(SeededRandom& random);

// One line for a trace.
std::string describe(const GroupFaultPlan& plan);

}  // namespace payswitch::lab::simulator
