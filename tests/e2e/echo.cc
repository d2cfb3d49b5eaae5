// Our HTTP server with a handler that answers each request with what was read of it, so that it can
// be compared with another server's reading. Listens on a free port, and says which.
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>

#include "http/server.h"
#include "platform/linux/real.h"

namespace {

using namespace payswitch;

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

void echo(const http::Request& request, http::Responder respond) {
  std::string target(request.path);
  if (!request.query.empty()) target += fmt::format("?{}", request.query);
  const std::string body =
      fmt::format(R"({{"method":"{}","target":"{}","body":"{}"}})", to_string(request.method),
                  hexadecimal(target), hexadecimal(request.body));
  respond({.status = 200, .body = body});
}

}  // namespace

int main() {
  boost::asio::io_context context(1);
  const auto clock = platform::make_real_clock();
  const auto timers = platform::make_real_timers(context, *clock);
  http::ServerOptions options;
  options.port = 0;
  const auto server = http::make_server(context, *timers, *clock, options, echo);
  if (!server) {
    fmt::print(stderr, "{}\n", server.error());
    return 2;
  }
  fmt::print("listening on 127.0.0.1:{}\n", (*server)->port());
  std::fflush(stdout);
  context.run();
}
