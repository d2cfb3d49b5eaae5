#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "testing/simulator/command.h"
#include "text/duration.h"
#include "tools/contest/command.h"
#include "tools/load/command.h"
#include "tools/load/pace.h"
#include "tools/processor/command.h"

namespace {

using namespace payswitch;
using namespace std::chrono_literals;

constexpr int exit_not_passed = 1;
constexpr int exit_failure = 2;

int fail(const std::string& line) {
  std::fprintf(stderr, "payswitch-lab: %s\n", line.c_str());
  return exit_failure;
}

int exit_code_of(const std::expected<bool, std::string>& passed) {
  if (!passed) return fail(passed.error());
  return *passed ? 0 : exit_not_passed;
}

text::HttpUrl read_url(const std::string& text) {
  const auto url = text::parse_http_url(text);
  if (!url) throw CLI::ValidationError(text, url.error());
  return *url;
}

platform::Duration read_duration(const std::string& text, platform::Duration longest) {
  const auto span = text::parse_duration(text);
  if (!span || *span == platform::Duration::zero() || *span > longest) {
    throw CLI::ValidationError(text, "not a duration of more than 0 and at most 24h (60s, 1.5m)");
  }
  return *span;
}

// -- processor -----------------------------------------------------------------------------------

void add_processor(CLI::App& app, lab::ProcessorFlags& flags, int& exit_code) {
  CLI::App* command = app.add_subcommand("processor", "A payment processor, with faults to order");
  lab::add_flags(*command, flags);
  command->callback([&] {
    const auto served = lab::serve_processor(flags);
    exit_code = served ? 0 : fail(served.error());
  });
}

// -- load and contest ----------------------------------------------------------------------------

void add_json(CLI::App& command, std::string& file) {
  command.add_option("--json", file, "A file for the figures; - is standard output");
}

void add_process(CLI::App& command, std::optional<pid_t>& process) {
  command.add_option("--pid", process, "The switch's process: what a payment costs it");
}

void add_url(CLI::App& command, const std::string& flag, text::HttpUrl& url,
             const std::string& help) {
  command
      .add_option_function<std::string>(
          flag, [&url](const std::string& text) { url = read_url(text); }, help)
      ->required();
}

void add_load(CLI::App& app, lab::load::Options& options, int& exit_code) {
  CLI::App* command = app.add_subcommand("load", "Payments of 19.90 at a fixed rate (open loop)");
  add_url(*command, "--url", options.url, "The switch");
  command->add_option("--rate", options.rate, "Payments a second")
      ->required()
      ->check(CLI::Range(std::uint64_t{1}, lab::load::Pace::max_per_second));
  command
      ->add_option_function<std::string>(
          "--duration",
          [&options](const std::string& text) {
            options.duration = read_duration(text, lab::load::Pace::max_span);
          },
          "How long")
      ->required();
  command->add_option("--connections", options.connections, "How many at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 60'000));
  command->add_option_function<std::string>(
      "--timeout",
      [&options](const std::string& text) {
        options.timeout = read_duration(text, lab::load::Pace::max_span);
      },
      "Of one payment [10s]");
  command->add_option("--fdatasync", options.sync_directory,
                      "Measure fdatasync in this directory afterwards");
  add_json(*command, options.json);
  add_process(*command, options.process);
  command->callback([&] { exit_code = exit_code_of(lab::load::run(options)); });
}

void add_contest(CLI::App& app, lab::contest::Options& options, int& exit_code) {
  using namespace lab::contest;
  CLI::App* command = app.add_subcommand(
      "contest", "The contest: a minute of outages, and a score. Empties the processors' books");
  Contestants& contestants = options.contestants;
  contestants.token = "123";
  add_url(*command, "--url", contestants.payswitch, "The switch");
  add_url(*command, "--default", contestants.processors[cheap], "The cheap processor");
  add_url(*command, "--fallback", contestants.processors[dear], "The dear processor");
  command->add_option("--token", contestants.token, "X-Rinha-Token of the processors")
      ->capture_default_str();
  command->add_option("--scale", options.scale, "Shortens or stretches the timetable")
      ->capture_default_str()
      ->check(CLI::Range(min_scale, max_scale));
  add_json(*command, options.json);
  add_process(*command, contestants.process);
  command->callback([&] { exit_code = exit_code_of(run(options)); });
}

// -- simulate ------------------------------------------------------------------------------------

void add_simulate(CLI::App& app, lab::simulator::SimulateOptions& options, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "simulate", "The real switch on a virtual platform, with faults drawn from a seed");
  auto* seed = command->add_option("--seed", options.seed, "The first one")->capture_default_str();
  command
      ->add_flag_callback(
          "--fresh", [&options] { options.seed = lab::simulator::fresh_seed(); },
          "The first seed is one that was not tried yet: from the clock")
      ->excludes(seed);
  command->add_option("--payments", options.payments, "Of each run")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  command->add_option("--runs", options.runs, "How many seeds, one after the other")
      ->capture_default_str();
  command->add_option_function<std::string>(
      "--at-most",
      [&options](const std::string& text) { options.at_most = read_duration(text, 24h); },
      "No run begins after this time (10m)");
  command->add_flag("--trace", options.trace, "Writes every event");
  command->add_flag("--group", options.is_group, "Several instances on one Redis");
  command->callback([&] { exit_code = lab::simulator::simulate(options) ? 0 : exit_not_passed; });
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("The laboratory: what Payswitch is tested with", "payswitch-lab");
  app.require_subcommand(1);
  int exit_code = 0;
  lab::ProcessorFlags processor;
  add_processor(app, processor, exit_code);
  lab::load::Options load;
  add_load(app, load, exit_code);
  lab::contest::Options contest;
  add_contest(app, contest, exit_code);
  lab::simulator::SimulateOptions simulate;
  add_simulate(app, simulate, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_failure;
  }
  return exit_code;
} catch (const std::exception& error) {
  return fail(error.what());
}
