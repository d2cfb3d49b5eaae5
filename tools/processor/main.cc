#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "tools/processor/command.h"

namespace {

constexpr int exit_failure = 2;

int fail(const std::string& line) {
  std::fprintf(stderr, "payswitch-stub: %s\n", line.c_str());
  return exit_failure;
}

}  // namespace

// `payswitch-lab processor` as a program of its own: what script/run needs of the laboratory, built
// without the rest of it.
int main(int argc, char** argv) try {
  using namespace payswitch::lab;
  CLI::App app("A payment processor, with faults to order", "payswitch-stub");
  ProcessorFlags flags;
  add_flags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_failure;
  }
  const auto served = serve_processor(flags);
  return served ? 0 : fail(served.error());
} catch (const std::exception& error) {
  return fail(error.what());
}
