#include "testing/simulator/command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

#include "testing/simulator/group_run.h"
#include "testing/simulator/run.h"

namespace payswitch::lab::simulator {

namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

void show_progress(std::uint64_t runs, const Outcome& total, Steady::time_point start) {
  if (::isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\r{} runs, {} payments, {:.0f} s ", runs, total.payments,
             seconds_since(start));
}

void show(std::uint64_t runs, const Outcome& total, double real_seconds) {
  const auto virtual_hours = std::chrono::duration<double, std::ratio<3600>>(total.virtual_time);
  fmt::print("{} runs, {} payments, {} answered 202, {} charged, {:.1f} virtual hours\n", runs,
             total.payments, total.promises, total.bookings, virtual_hours.count());
  fmt::print(
      "{} lives: {} kill -9, {} sleeps, {} power cuts, {} cut recoveries, {} journal failures\n",
      total.lives, total.kills, total.sleeps, total.power_cuts, total.cut_recoveries,
      total.journal_failures);
  fmt::print("{} sealed files, {} deaths while sealing, {} look-ups that waited for the disk\n",
             total.sealed_files, total.deaths_in_sealing, total.look_ups);
  fmt::print(
      "{} full disks, {} times without descriptors, {} clock jumps; POSTs to processors that were",
      total.full_disks, total.descriptor_shortages, total.wall_jumps);
  for (std::size_t i = 0; i < profile_count; ++i) {
    fmt::print("{} {} {}", i == 0 ? "" : ",", to_string(static_cast<FaultProfile>(i)),
               total.posts_by_profile[i]);
  }
  fmt::print("\n{} steps, {:.1f} s: {:.0f} payments a minute\n", total.steps, real_seconds,
             static_cast<double>(total.payments) / real_seconds * 60);
}

std::string how_to_repeat(const SimulateOptions& options, std::uint64_t seed) {
  return fmt::format("{}--seed {} --payments {}\n", options.is_group ? "--group " : "", seed,
                     options.payments);
}

// A broken invariant of the switch aborts where it stands: these words tell its seed all the same.
// Only a signal handler cannot be handed what it needs.
std::string last_words;

extern "C" void say_last_words(int) {
  // Allowed here, since abort() was called by our only thread: in an assert, and not in stdio.
  std::fwrite(last_words.data(), 1, last_words.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

std::uint64_t fresh_seed() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(now).count());
}

bool simulate(const SimulateOptions& options) {
  const auto start = Steady::now();
  std::signal(SIGABRT, say_last_words);
  fmt::print("seeds from {} on, {} payments each\n", options.seed, options.payments);
  Outcome total;
  std::uint64_t runs = 0;
  bool passed = true;
  for (; runs < options.runs && passed; ++runs) {
    if (options.at_most && Steady::now() - start > *options.at_most) break;
    const auto seed = options.seed + runs;
    last_words = "\nviolation: a broken invariant\n" + how_to_repeat(options, seed);
    const RunOptions each{
        .seed = seed, .payments = options.payments, .trace = options.trace ? stdout : nullptr};
    const Outcome outcome = options.is_group ? run_group(each) : run(each);
    total.add(outcome);
    show_progress(runs + 1, total, start);
    if (!outcome.violation) continue;
    passed = false;
    fmt::print("\nviolation: {}\n", *outcome.violation);
  }
  show(runs, total, seconds_since(start));
  if (!passed) fmt::print("{}", how_to_repeat(options, options.seed + runs - 1));
  return passed;
}

}  // namespace payswitch::lab::simulator
