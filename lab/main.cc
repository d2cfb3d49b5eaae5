#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "lab/processor/command.h"

namespace {

constexpr int exit_failure = 2;

int fail(const std::string& line) {
  std::fprintf(stderr, "payswitch-lab: %s\n", line.c_str());
  return exit_failure;
}

int run_processor(const std::string& listen, const std::string& fee, const std::string& token) {
  using namespace payswitch::lab;
  const auto address = parse_address(listen);
  if (!address) return fail(address.error());
  const auto share = Fee::parse(fee);
  if (!share) return fail("not a fee (0 to 1, at most six places): " + fee);
  const auto served = serve_processor(
      {.host = address->host, .port = address->port, .fee = *share, .token = token});
  return served ? 0 : fail(served.error());
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("The laboratory: what Payswitch is tested with", "payswitch-lab");
  app.require_subcommand(1);
  int exit_code = 0;

  CLI::App* processor =
      app.add_subcommand("processor", "A payment processor, with faults to order");
  std::string listen = "127.0.0.1:8001";
  std::string fee = "0.05";
  std::string token = "123";
  processor->add_option("--listen", listen, "HOST:PORT; port 0 takes any free one")
      ->capture_default_str();
  processor->add_option("--fee", fee, "Its share of every amount")->capture_default_str();
  processor->add_option("--token", token, "X-Rinha-Token of /admin/")->capture_default_str();
  processor->callback([&] { exit_code = run_processor(listen, fee, token); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_failure;
  }
  return exit_code;
} catch (const std::exception& error) {
  return fail(error.what());
}
