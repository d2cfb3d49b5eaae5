#include "testing/simulator/group_fault_plan.h"

#include <fmt/format.h>

#include <array>

namespace payswitch::lab::simulator {

namespace {

using std::chrono::milliseconds;

void draw_persistence(RedisSettings& settings, SeededRandom& random) {
  constexpr std::array keeps = {RedisKeeps::everything, RedisKeeps::everything,
                                RedisKeeps::all_but_a_second, RedisKeeps::snapshots};
  settings.keeps = keeps[random.below(keeps.size())];
  settings.replicas = static_cast<std::uint32_t>(random.below(3));
  if (settings.replicas == 0) return;
  constexpr std::array lags = {milliseconds(1), milliseconds(100), milliseconds(2'000)};
  settings.replica_lag = lags[random.below(lags.size())];
}

RedisFaultPlan draw_redis(SeededRandom& random) {
  RedisFaultPlan plan;
  draw_persistence(plan.settings, random);
  plan.is_slow = random.one_in(2);
  plan.cuts = random.one_in(2);
  plan.goes_away = random.one_in(3);
  plan.stops = random.one_in(3);
  plan.restarts = random.one_in(3);
  plan.fails_over = plan.settings.replicas > 0 && random.one_in(2);
  plan.replicas_lag = plan.settings.replicas > 0 && random.one_in(2);
  plan.clock_jumps = random.one_in(4);
  plan.fills_up = random.one_in(4);
  plan.forgets_scripts = random.one_in(4);
  // Shorter than a command waits, about as long as a lease, longer than both.
  constexpr std::array absences = {milliseconds(500), milliseconds(8'000), milliseconds(40'000)};
  plan.longest_absence = absences[random.below(absences.size())];
  constexpr std::array pauses = {milliseconds(300), milliseconds(2'000), milliseconds(10'000)};
  plan.pause = pauses[random.below(pauses.size())];
  return plan;
}

void also(std::string& line, bool is, std::string_view what) {
  if (is) line += fmt::format(", {}", what);
}

std::string describe(const RedisFaultPlan& plan) {
  constexpr std::array<std::string_view, 3> keeps = {"always", "everysec", "appendonly no"};
  std::string line = fmt::format(
      "redis {}, {} replicas, {} ms behind", keeps[static_cast<std::size_t>(plan.settings.keeps)],
      plan.settings.replicas, plan.settings.replica_lag / milliseconds(1));
  also(line, plan.is_slow, "slow");
  also(line, plan.cuts, "cuts");
  also(line, plan.goes_away, "goes away");
  also(line, plan.stops, "stops");
  also(line, plan.restarts, "restarts");
  also(line, plan.fails_over, "fails over");
  also(line, plan.replicas_lag, "replicas out of step");
  also(line, plan.clock_jumps, "clock jumps");
  also(line, plan.fills_up, "full");
  also(line, plan.forgets_scripts, "forgets scripts");
  return line + fmt::format("; for up to {} ms, every {} ms",
                            plan.longest_absence / milliseconds(1), plan.pause / milliseconds(1));
}

}  // namespace

GroupFaultPlan draw_group_fault_plan(SeededRandom& random) {
  GroupFaultPlan plan;
  plan.plan = draw_fault_plan(random);
  plan.plan.death = Death::none;  // those are of a disk
  plan.redis = draw_redis(random);
  plan.instances = 2 + random.below(3);
  plan.instances_die = random.one_in(2);
  plan.instances_sleep = random.one_in(3);
  plan.instances_join_late = random.one_in(3);
  constexpr std::array differences = {milliseconds(0), milliseconds(20), milliseconds(1'000),
                                      milliseconds(60'000)};
  plan.walls_differ_by = differences[random.below(differences.size())];
  plan.clients_wander = random.one_in(2);
  plan.steps_between_deaths = 500u << random.below(8);
  return plan;
}

std::string describe(const GroupFaultPlan& plan) {
  std::string line = fmt::format("{} instances", plan.instances);
  also(line, plan.instances_die, "die");
  also(line, plan.instances_sleep, "sleep");
  also(line, plan.instances_join_late, "join late");
  also(line, plan.walls_differ_by.count() > 0,
       fmt::format("wall clocks differ by {} ms", plan.walls_differ_by / milliseconds(1)));
  also(line, plan.configurations_differ, "configurations differ");
  also(line, plan.clients_wander, "clients wander");
  return fmt::format("{}; {}; {}", line, describe(plan.redis), describe(plan.plan));
}

}  // namespace payswitch::lab::simulator
