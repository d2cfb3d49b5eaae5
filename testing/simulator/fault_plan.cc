#include "testing/simulator/fault_plan.h"

#include <fmt/format.h>

namespace payswitch::lab::simulator {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, profile_count> profile_names = {
    "healthy", "slow",       "late",     "refusing", "throttling", "erring",
    "lossy",   "forbidding", "faulting", "mixed",    "down",       "stopped"};

// A segment is changed after seven groups, or after a few dozen.
constexpr std::array segment_sizes = {std::uint64_t{8 * 1024}, std::uint64_t{64 * 1024}};

void draw_processors(FaultPlan& plan, SeededRandom& random) {
  plan.processors = random.one_in(8) ? 1 : 2;
  const std::uint64_t rarity = 1 + random.below(4);  // some runs are nearly kind, some brutal
  for (bool& profile : plan.profiles) profile = random.one_in(rarity);
  plan.profiles[static_cast<std::size_t>(FaultProfile::healthy)] = true;
  // What they say that is our fault is parked for ever, and says little: not in every run.
  if (!random.one_in(3)) plan.profiles[static_cast<std::size_t>(FaultProfile::faulting)] = false;
  constexpr std::array longest = {milliseconds(500), milliseconds(5'000), milliseconds(30'000)};
  plan.longest_profile = longest[random.below(longest.size())];
  plan.longest_stop = plan.longest_profile * 2;
  plan.single_faults = random.one_in(2);
  plan.odd_answers_to_get = random.one_in(2);
  plan.gets_are_slow = random.one_in(3);
  plan.books_after_answering = random.one_in(3);
  plan.health_lies = random.one_in(2);
}

void draw_deaths_and_disk(FaultPlan& plan, SeededRandom& random) {
  plan.death = static_cast<Death>(random.below(4));
  plan.steps_between_deaths = 200u << random.below(9);
  plan.dies_in_recovery = random.one_in(2);
  plan.disk_is_slow = random.one_in(3);
  plan.disk_fills_up = random.one_in(4);
  plan.disk_fails = random.one_in(4);
  plan.wall_jumps = random.one_in(3);
  store::Options& store = plan.settings.store;
  store.segment_bytes = segment_sizes[random.below(segment_sizes.size())];
  store.max_batch_bytes = store.segment_bytes / 4;
  if (random.one_in(4)) {
    store.durability = platform::Durability::os;
    // Of a power cut `os` promises nothing (PROTOCOL 4.6).
    if (plan.death != Death::none) plan.death = Death::kill;
  }
}

void draw_clients(FaultPlan& plan, SeededRandom& random) {
  plan.clients_repeat = random.one_in(2);
  plan.clients_contradict = random.one_in(2);
  plan.clients_vanish = random.one_in(2);
  plan.clients_burst = random.one_in(2);
  constexpr std::array pauses = {milliseconds(1), milliseconds(10), milliseconds(100)};
  plan.pause_between_payments = pauses[random.below(pauses.size())];
  plan.limits_are_small = random.one_in(4);
  if (plan.limits_are_small) plan.settings.dispatch.max_open_payments = 1 + random.below(50);
}

void draw_settings(FaultPlan& plan, SeededRandom& random) {
  SwitchSettings& settings = plan.settings;
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

std::string_view to_string(FaultProfile profile) {
  return profile_names[static_cast<std::size_t>(profile)];
}

platform::Duration between(SeededRandom& random, platform::Duration least,
                           platform::Duration most) {
  const auto span = static_cast<std::uint64_t>((most - least).count());
  return least + platform::Duration(static_cast<std::int64_t>(random.below(span + 1)));
}

FaultPlan draw_fault_plan(SeededRandom& random) {
  FaultPlan plan;
  draw_processors(plan, random);
  draw_deaths_and_disk(plan, random);
  draw_clients(plan, random);
  draw_settings(plan, random);
  plan.dies_in_sealing = plan.death != Death::none && random.one_in(2);
  plan.sealing_is_slow = random.one_in(4);
  plan.stops_cleanly = plan.death != Death::none && random.one_in(2);
  plan.operator_errs_about_places = plan.death != Death::none && random.one_in(3);
  plan.descriptors_run_out = random.one_in(4);
  return plan;
}

std::string describe(const FaultPlan& plan) {
  std::string line = fmt::format("{} processors;", plan.processors);
  for (std::size_t i = 1; i < profile_count; ++i) {
    if (plan.profiles[i]) line += fmt::format(" {}", profile_names[i]);
  }
  constexpr std::array<std::string_view, 4> deaths = {"never dies", "kill -9", "power cuts",
                                                      "kill -9 and power cuts"};
  line += fmt::format("; {}", deaths[static_cast<std::size_t>(plan.death)]);
  const auto also = [&line](bool is, std::string_view what) {
    if (is) line += fmt::format(", {}", what);
  };
  also(plan.dies_in_recovery && plan.death != Death::none, "also in recovery");
  also(plan.dies_in_sealing, "also in sealing");
  also(plan.sealing_is_slow, "slow sealing");
  also(plan.disk_is_slow, "slow disk");
  also(plan.disk_fills_up, "full disk");
  also(plan.disk_fails, "failing disk");
  also(plan.descriptors_run_out, "no descriptors");
  also(plan.wall_jumps, "wall clock jumps");
  also(plan.single_faults, "single faults");
  also(plan.odd_answers_to_get, "odd answers to GET");
  also(plan.gets_are_slow, "slow GETs");
  also(plan.books_after_answering, "books after answering");
  also(plan.health_lies, "health lies");
  also(plan.clients_repeat, "repeats");
  also(plan.clients_contradict, "other amounts");
  also(plan.clients_vanish, "clients vanish");
  also(plan.clients_burst, "bursts");
  also(plan.limits_are_small, "small limits");
  also(plan.stops_cleanly, "clean stops");
  also(plan.operator_errs_about_places, "processors configured at other places");
  line += fmt::format(
      "; durability {}, patience {} ms, attempt_timeout {} ms, hang_up {} ms, "
      "max_in_flight {}",
      to_string(plan.settings.store.durability), plan.settings.policy.patience / milliseconds(1),
      plan.settings.attempt_timeout.count(), plan.settings.hang_up.count(),
      plan.settings.max_in_flight);
  if (plan.settings.max_processing_time) {
    line += fmt::format(", max_processing_time {} ms", plan.settings.max_processing_time->count());
  }
  return line;
}

}  // namespace payswitch::lab::simulator
