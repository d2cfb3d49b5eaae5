#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

// Addresses and URLs. Errors are one line for a person.
namespace payswitch::text {

struct Address {
  std::string host;  // an IPv6 address without its brackets
  std::uint16_t port = 0;
};

// "127.0.0.1:9999", "[::1]:9999" or "name:9999"; port 0 means any free one.
std::expected<Address, std::string> parse_address(std::string_view text);
std::string format_address(const Address& address);

// The parts of a URL (RFC 3986), percent-decoded save for the path.
struct Url {
  std::string scheme;  // in lower case
  std::optional<std::string> user = {};
  std::optional<std::string> password = {};
  std::string host;                      // an IPv6 address without its brackets; may be empty
  std::optional<std::string> port = {};  // as written, perhaps empty; nothing without a ':'
  std::string path;                      // as written; with a '/' in front behind a host
  bool has_query_or_fragment = false;
};

// Nothing for what is no URL.
std::optional<Url> parse_url(std::string_view text);

// From 1 to 65535.
std::optional<std::uint16_t> parse_port(std::string_view text);

struct HttpUrl {
  std::string host;
  std::uint16_t port = 80;
  std::string base_path;  // without a trailing slash; empty for "/"
};

// "http://host[:port][/path]", nothing else.
std::expected<HttpUrl, std::string> parse_http_url(std::string_view text);

// The place as the store keeps it: "http://host:port/path" with the host in lower case, the port
// always there, no slash at the end.
std::string format_origin(const HttpUrl& url);

}  // namespace payswitch::text
