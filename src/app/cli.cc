#include "app/cli.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "app/audit_command.h"
#include "dispatch/open_limit.h"
#include "text/nearest.h"
#include "text/one_line.h"

namespace payswitch::app {
namespace {

using Arguments = std::span<const std::string_view>;

constexpr std::string_view usage =
    "Usage: payswitch COMMAND\n"
    "\n"
    "A payment switch: it keeps payments, charges each once, and accounts for every cent.\n"
    "\n"
    "  serve [flags]   run the switch; `payswitch serve --help` lists the flags\n"
    "  audit [flags]   compare the books; `payswitch audit --help` lists the flags\n"
    "  check FILE      say what `serve --config FILE` would run with, or what is wrong with it\n"
    "  --version       print the version\n"
    "  --help          print this\n";

bool asks_for_help(std::string_view argument) {
  return argument == "--help" || argument == "-h";
}

int fail(const Process& process, std::string_view problem) {
  process.err << "payswitch: " << text::on_one_line(problem) << '\n';
  return exit_usage;
}

int serve(Arguments flags, const Process& process) {
  if (std::ranges::any_of(flags, asks_for_help)) {
    process.out << config::help();
    return exit_ok;
  }
  const auto config = config::load(flags, process.environment);
  if (!config) return fail(process, config.error());
  return process.serve(*config, process.version);
}

int audit(Arguments flags, const Process& process) {
  if (std::ranges::any_of(flags, asks_for_help)) {
    process.out << audit_help();
    return exit_ok;
  }
  const auto options = read_audit_flags(flags, process.environment);
  if (!options) return fail(process, options.error());
  return process.audit(*options, process.out, process.err);
}

int check(Arguments arguments, const Process& process) {
  if (arguments.size() != 1) return fail(process, "check takes one file: payswitch check FILE");
  if (asks_for_help(arguments.front())) {
    process.out << usage;
    return exit_ok;
  }
  const std::array<std::string_view, 2> flags{"--config", arguments.front()};
  const auto config = config::load(flags, process.environment);
  if (!config) return fail(process, config.error());
  process.out << fmt::format(
      "# What `payswitch serve --config {}` runs with in this environment.\n",
      text::on_one_line(arguments.front()));
  if (config->processors.empty()) {
    process.out << "# There are no processors: payments are kept, and sent nowhere yet.\n";
  }
  const auto limit = dispatch::open_limit(config->open_payments, process.memory());
  process.out << fmt::format("# At most {} payments may be open, {}.\n", limit.payments, limit.why);
  if (limit.warning) process.out << fmt::format("# Warning: {}.\n", *limit.warning);
  process.out << config::to_toml(*config);
  return exit_ok;
}

int unknown(std::string_view command, const Process& process) {
  constexpr std::array<std::string_view, 5> known{"serve", "audit", "check", "--version", "--help"};
  const auto meant = text::nearest(command, known);
  return fail(process, fmt::format("unknown command '{}'; {}", command,
                                   meant ? fmt::format("did you mean '{}'?", *meant)
                                         : std::string("see payswitch --help")));
}

}  // namespace

int run(Arguments arguments, const Process& process) {
  if (arguments.empty()) return fail(process, "no command; see payswitch --help");
  const std::string_view command = arguments.front();
  if (command == "serve") return serve(arguments.subspan(1), process);
  if (command == "audit") return audit(arguments.subspan(1), process);
  if (command == "check") return check(arguments.subspan(1), process);
  if (asks_for_help(command)) {
    process.out << usage;
    return exit_ok;
  }
  if (command == "--version") {
    process.out << "payswitch " << process.version << '\n';
    return exit_ok;
  }
  return unknown(command, process);
}

}  // namespace payswitch::app
