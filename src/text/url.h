#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace payswitch::config {

struct Address {
  std::string host;  // an IPv6 address without its brackets
  std::uint16_t port = 0;
};

// "127.0.0.1:9999", "[::1]:9999" or "name:9999"; port 0 means any free one.
std::expected<Address, std::string> parse_address(std::string_view text);
std::string format_address(const Address& address);

struct ProcessorUrl {
  std::string host;
  std::uint16_t port = 80;
  std::string base_path;  // without a trailing slash; empty for "/"
};

// "http://host[:port][/path]", nothing else.
std::expected<ProcessorUrl, std::string> parse_processor_url(std::string_view text);

// The place as the store keeps it: "http://host:port/path" with the host in lower case, the port
// always there, no slash at the end.
std::string format_origin(const ProcessorUrl& url);

}  // namespace payswitch::config
