#include "testing/simulator/menu.h"

#include <fmt/format.h>

namespace payswitch::lab::simulator {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, mood_count> mood_names = {
    "kind",  "slow",       "late",     "refusing", "throttling", "erring",
    "lossy", "forbidding", "faulting", "mixed",    "down",       "stopped"};

// A segment is changed after seven groups, or after a few dozen.
constexpr std::array segment_sizes = {std::uint64_t{8 * 1024}, std::uint64_t{64 * 1024}};

void draw_processors(Menu& menu, SeededRandom& random) {
  menu.processors = random.one_in(8) ? 1 : 2;
  const std::uint64_t rarity = 1 + random.below(4);  // some runs are nearly kind, some brutal
  for (bool& mood : menu.moods) mood = random.one_in(rarity);
  menu.moods[static_cast<std::size_t>(Mood::kind)] = true;
  // What they say that is our fault is parked for ever, and says little: not in every run.
  if (!random.one_in(3)) menu.moods[static_cast<std::size_t>(Mood::faulting)] = false;
  constexpr std::array longest = {milliseconds(500), milliseconds(5'000), milliseconds(30'000)};
  menu.longest_mood = longest[random.below(longest.size())];
  menu.longest_stop = menu.longest_mood * 2;
  menu.single_faults = random.one_in(2);
  menu.odd_answers_to_get = random.one_in(2);
  menu.gets_are_slow = random.one_in(3);
  menu.books_after_answering = random.one_in(3);
  menu.health_lies = random.one_in(2);
}

void draw_deaths_and_disk(Menu& menu, SeededRandom& random) {
  menu.death = static_cast<Death>(random.below(4));
  menu.steps_between_deaths = 200u << random.below(9);
  menu.dies_in_recovery = random.one_in(2);
  menu.disk_is_slow = random.one_in(3);
  menu.disk_fills_up = random.one_in(4);
  menu.disk_fails = random.one_in(4);
  menu.wall_jumps = random.one_in(3);
  store::Options& store = menu.settings.store;
  store.segment_bytes = segment_sizes[random.below(segment_sizes.size())];
  store.max_group_bytes = store.segment_bytes / 4;
  if (random.one_in(4)) {
    store.durability = platform::Durability::os;
    // Of a power cut `os` promises nothing (PROTOCOL 4.6).
    if (menu.death != Death::none) menu.death = Death::kill;
  }
}

void draw_clients(Menu& menu, SeededRandom& random) {
  menu.clients_repeat = random.one_in(2);
  menu.clients_contradict = random.one_in(2);
  menu.clients_vanish = random.one_in(2);
  menu.clients_burst = random.one_in(2);
  constexpr std::array pauses = {milliseconds(1), milliseconds(10), milliseconds(100)};
  menu.pause_between_payments = pauses[random.below(pauses.size())];
  menu.limits_are_small = random.one_in(4);
  if (menu.limits_are_small) menu.settings.dispatch.max_open_payments = 1 + random.below(50);
}

void draw_settings(Menu& menu, SeededRandom& random) {
  SwitchSettings& settings = menu.settings;
  constexpr std::array patiences = {milliseconds(0), milliseconds(300), milliseconds(10'000)};
  settings.policy.patience = patiences[random.below(patiences.size())];
  constexpr std::array timeouts = {milliseconds(200), milliseconds(1'000), milliseconds(6'000)};
  settings.attempt_timeout = timeouts[random.below(timeouts.size())];
  settings.hang_up = settings.attempt_timeout * (random.one_in(2) ? 3 : 10);
  constexpr std::array in_flight = {1u, 10u, 800u, 800u};
  settings.max_in_flight = in_flight[random.below(in_flight.size())];
  // The operator's word that nothing is booked later than that; the processors keep it.
  if (random.one_in(3)) {
    const std::array limits = {2 * settings.attempt_timeout, settings.hang_up,
                               settings.hang_up + settings.attempt_timeout, milliseconds(20'000)};
    settings.max_processing_time = limits[random.below(limits.size())];
  }
}

}  // namespace

std::string_view to_string(Mood mood) {
  return mood_names[static_cast<std::size_t>(mood)];
}

platform::Duration between(SeededRandom& random, platform::Duration least,
                           platform::Duration most) {
  const auto span = static_cast<std::uint64_t>((most - least).count());
  return least + platform::Duration(static_cast<std::int64_t>(random.below(span + 1)));
}

Menu draw_menu(SeededRandom& random) {
  Menu menu;
  draw_processors(menu, random);
  draw_deaths_and_disk(menu, random);
  draw_clients(menu, random);
  draw_settings(menu, random);
  menu.dies_in_sealing = menu.death != Death::none && random.one_in(2);
  menu.sealing_is_slow = random.one_in(4);
  menu.stops_cleanly = menu.death != Death::none && random.one_in(2);
  menu.operator_errs_about_places = menu.death != Death::none && random.one_in(3);
  menu.descriptors_run_out = random.one_in(4);
  return menu;
}

std::string describe(const Menu& menu) {
  std::string line = fmt::format("{} processors;", menu.processors);
  for (std::size_t i = 1; i < mood_count; ++i) {
    if (menu.moods[i]) line += fmt::format(" {}", mood_names[i]);
  }
  constexpr std::array<std::string_view, 4> deaths = {"never dies", "kill -9", "power cuts",
                                                      "kill -9 and power cuts"};
  line += fmt::format("; {}", deaths[static_cast<std::size_t>(menu.death)]);
  const auto also = [&line](bool is, std::string_view what) {
    if (is) line += fmt::format(", {}", what);
  };
  also(menu.dies_in_recovery && menu.death != Death::none, "also in recovery");
  also(menu.dies_in_sealing, "also in sealing");
  also(menu.sealing_is_slow, "slow sealing");
  also(menu.disk_is_slow, "slow disk");
  also(menu.disk_fills_up, "full disk");
  also(menu.disk_fails, "failing disk");
  also(menu.descriptors_run_out, "no descriptors");
  also(menu.wall_jumps, "wall clock jumps");
  also(menu.single_faults, "single faults");
  also(menu.odd_answers_to_get, "odd answers to GET");
  also(menu.gets_are_slow, "slow GETs");
  also(menu.books_after_answering, "books after answering");
  also(menu.health_lies, "health lies");
  also(menu.clients_repeat, "repeats");
  also(menu.clients_contradict, "other amounts");
  also(menu.clients_vanish, "clients vanish");
  also(menu.clients_burst, "bursts");
  also(menu.limits_are_small, "small limits");
  also(menu.stops_cleanly, "clean stops");
  also(menu.operator_errs_about_places, "processors configured at other places");
  line += fmt::format(
      "; durability {}, patience {} ms, attempt_timeout {} ms, hang_up {} ms, "
      "max_in_flight {}",
      to_string(menu.settings.store.durability), menu.settings.policy.patience / milliseconds(1),
      menu.settings.attempt_timeout.count(), menu.settings.hang_up.count(),
      menu.settings.max_in_flight);
  if (menu.settings.max_processing_time) {
    line += fmt::format(", max_processing_time {} ms", menu.settings.max_processing_time->count());
  }
  return line;
}

}  // namespace payswitch::lab::simulator
