#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace CLI {
class App;
}

namespace payswitch::lab {

// As given on the command line of `payswitch-stub` and of `payswitch-lab processor`.
struct ProcessorFlags {
  std::string listen = "127.0.0.1:8001";
  std::string fee = "0.05";
  std::string token = "123";
};

// `flags` are filled when `app` parses; they have to live until then.
void add_flags(CLI::App& app, ProcessorFlags& flags);

// Serves until SIGTERM or SIGINT, which end it at once. Prints "listening on HOST:PORT" to standard
// output when it is ready. An error is one line for a person.
std::expected<void, std::string> serve_processor(const ProcessorFlags& flags);

}  // namespace payswitch::lab
