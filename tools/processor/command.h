#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "tools/processor/fee.h"

namespace payswitch::lab {

struct ProcessorOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8001;  // 0: any free one
  Fee fee;
  std::string token = "123";
};

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// "127.0.0.1:8001"
std::expected<Address, std::string> parse_address(std::string_view text);

// Serves until SIGTERM or SIGINT, which end it at once. Prints "listening on HOST:PORT" to standard
// output when it is ready. An error is one line for a person.
std::expected<void, std::string> serve_processor(const ProcessorOptions& options);

}  // namespace payswitch::lab
