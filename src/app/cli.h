#pragma once

#include <functional>
#include <ostream>
#include <span>
#include <string_view>

#include "config/config.h"
#include "platform/memory.h"
#include "reconcile/options.h"

// The commands of the program.
namespace payswitch::app {

inline constexpr int exit_ok = 0;
inline constexpr int exit_usage = 2;  // bad command, flag or configuration; one line says which

// What the commands need from the process. `serve` runs the switch, `audit` an audit; both return
// the exit code.
struct Process {
  std::string_view version;
  config::Environment environment;
  std::function<platform::MemoryLimit()> memory;
  std::function<int(const config::Config& config, std::string_view version)> serve;
  std::function<int(const reconcile::Options& options, std::ostream& out, std::ostream& err)> audit;
  std::ostream& out;
  std::ostream& err;
};

// Runs the command that `arguments` (without the program's name) ask for; returns the exit code.
int run(std::span<const std::string_view> arguments, const Process& process);

}  // namespace payswitch::app
