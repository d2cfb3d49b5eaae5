#include "tools/processor/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>

#include "platform/linux/real.h"
#include "text/url.h"
#include "tools/processor/fee.h"
#include "tools/processor/server.h"
#include "tools/processor/service.h"

namespace payswitch::lab {

void add_flags(CLI::App& app, ProcessorFlags& flags) {
  app.add_option("--listen", flags.listen, "HOST:PORT; port 0 takes any free one")
      ->capture_default_str();
  app.add_option("--fee", flags.fee, "Its share of every amount")->capture_default_str();
  app.add_option("--token", flags.token, "X-Rinha-Token of /admin/")->capture_default_str();
}

std::expected<void, std::string> serve_processor(const ProcessorFlags& flags) {
  const auto address = text::parse_address(flags.listen);
  if (!address) return std::unexpected(address.error());
  const auto fee = Fee::parse(flags.fee);
  if (!fee) return std::unexpected("not a fee (0 to 1, at most six places): " + flags.fee);
  boost::asio::io_context context(1);
  const auto clock = platform::make_real_clock();
  const auto timers = platform::make_real_timers(context, *clock);
  Processor processor(*fee, {.token = flags.token});
  Service service(processor, *timers, *clock);
  Server server(context, *timers, *clock,
                [&service](const http::Request& request, Respond respond) {
                  service.handle(request, std::move(respond));
                });
  const auto port = server.listen(address->host, address->port);
  if (!port) return std::unexpected(port.error());
  boost::asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&context](const boost::system::error_code&, int) { context.stop(); });
  fmt::print("listening on {}:{}\n", address->host, *port);
  std::fflush(stdout);
  context.run();
  return {};
}

}  // namespace payswitch::lab
