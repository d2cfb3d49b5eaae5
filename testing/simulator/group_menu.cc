#include "testing/simulator/group_menu.h"

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

RedisMenu draw_redis(SeededRandom& random) {
  RedisMenu menu;
  draw_persistence(menu.settings, random);
  menu.is_slow = random.one_in(2);
  menu.cuts = random.one_in(2);
  menu.goes_away = random.one_in(3);
  menu.stops = random.one_in(3);
  menu.restarts = random.one_in(3);
  menu.fails_over = menu.settings.replicas > 0 && random.one_in(2);
  menu.replicas_lag = menu.settings.replicas > 0 && random.one_in(2);
  menu.clock_jumps = random.one_in(4);
  menu.fills_up = random.one_in(4);
  menu.forgets_scripts = random.one_in(4);
  // Shorter than a command waits, about as long as a lease, longer than both.
  constexpr std::array absences = {milliseconds(500), milliseconds(8'000), milliseconds(40'000)};
  menu.longest_absence = absences[random.below(absences.size())];
  constexpr std::array pauses = {milliseconds(300), milliseconds(2'000), milliseconds(10'000)};
  menu.pause = pauses[random.below(pauses.size())];
  return menu;
}

void also(std::string& line, bool is, std::string_view what) {
  if (is) line += fmt::format(", {}", what);
}

std::string describe(const RedisMenu& menu) {
  constexpr std::array<std::string_view, 3> keeps = {"always", "everysec", "appendonly no"};
  std::string line = fmt::format(
      "redis {}, {} replicas, {} ms behind", keeps[static_cast<std::size_t>(menu.settings.keeps)],
      menu.settings.replicas, menu.settings.replica_lag / milliseconds(1));
  also(line, menu.is_slow, "slow");
  also(line, menu.cuts, "cuts");
  also(line, menu.goes_away, "goes away");
  also(line, menu.stops, "stops");
  also(line, menu.restarts, "restarts");
  also(line, menu.fails_over, "fails over");
  also(line, menu.replicas_lag, "replicas out of step");
  also(line, menu.clock_jumps, "clock jumps");
  also(line, menu.fills_up, "full");
  also(line, menu.forgets_scripts, "forgets scripts");
  return line + fmt::format("; for up to {} ms, every {} ms",
                            menu.longest_absence / milliseconds(1), menu.pause / milliseconds(1));
}

}  // namespace

GroupMenu draw_group_menu(SeededRandom& random) {
  GroupMenu menu;
  menu.menu = draw_menu(random);
  menu.menu.death = Death::none;  // those are of a disk
  menu.redis = draw_redis(random);
  menu.instances = 2 + random.below(3);
  menu.instances_die = random.one_in(2);
  menu.instances_sleep = random.one_in(3);
  menu.instances_join_late = random.one_in(3);
  constexpr std::array differences = {milliseconds(0), milliseconds(20), milliseconds(1'000),
                                      milliseconds(60'000)};
  menu.walls_differ_by = differences[random.below(differences.size())];
  menu.clients_wander = random.one_in(2);
  menu.steps_between_deaths = 500u << random.below(8);
  return menu;
}

std::string describe(const GroupMenu& menu) {
  std::string line = fmt::format("{} instances", menu.instances);
  also(line, menu.instances_die, "die");
  also(line, menu.instances_sleep, "sleep");
  also(line, menu.instances_join_late, "join late");
  also(line, menu.walls_differ_by.count() > 0,
       fmt::format("wall clocks differ by {} ms", menu.walls_differ_by / milliseconds(1)));
  also(line, menu.configurations_differ, "configurations differ");
  also(line, menu.clients_wander, "clients wander");
  return fmt::format("{}; {}; {}", line, describe(menu.redis), describe(menu.menu));
}

}  // namespace payswitch::lab::simulator
