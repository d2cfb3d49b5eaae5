#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace payswitch::redis {

// Where a Redis is, and as which user we speak to it.
struct Address {
  std::string host;
  std::uint16_t port = 6379;
  std::string user = {};      // empty: the default user
  std::string password = {};  // empty: none
  std::uint32_t database = 0;
  bool is_tls = false;

  // Without the password: for logs.
  std::string shown() const;
};

// redis://[user:password@]host[:port][/db], or rediss:// for TLS. User and password may be
// percent-encoded. An error is one line for a person and never shows the password.
std::expected<Address, std::string> parse_address(std::string_view url);

}  // namespace payswitch::redis
