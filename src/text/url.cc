#include "text/url.h"

#include <fmt/format.h>

#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <optional>

namespace payswitch::config {
namespace {

namespace urls = boost::urls;

// Boost.URL says 0 both for port 0 and for one that is too large.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::unexpected<std::string> not_an_address(std::string_view text) {
  return std::unexpected(
      fmt::format("'{}' is not an address like 127.0.0.1:9999 or [::1]:9999", text));
}

std::unexpected<std::string> not_a_url(std::string_view text, std::string_view why) {
  return std::unexpected(fmt::format("'{}' is not a URL like http://host:port/path{}", text, why));
}

}  // namespace

std::expected<Address, std::string> parse_address(std::string_view text) {
  const auto authority = urls::parse_authority(text);
  if (!authority || authority->has_userinfo() || !authority->has_port())
    return not_an_address(text);
  const auto port = parse_port(authority->port());
  if (!port || authority->encoded_host_address().empty()) return not_an_address(text);
  return Address{authority->host_address(), *port};
}

std::string format_address(const Address& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", address.host, is_v6 ? "]" : "", address.port);
}

std::expected<ProcessorUrl, std::string> parse_processor_url(std::string_view text) {
  const auto url = urls::parse_uri(text);
  if (!url || !url->has_authority()) return not_a_url(text, "");
  if (url->scheme_id() == urls::scheme::https) {
    return not_a_url(text, ": https is not supported; put a TLS proxy in front of the processor");
  }
  if (url->scheme_id() != urls::scheme::http) return not_a_url(text, "");
  if (url->has_userinfo()) return not_a_url(text, ": it must not name a user");
  if (url->has_query() || url->has_fragment()) {
    return not_a_url(text, ": it must not have a query or a fragment");
  }
  ProcessorUrl result{.host = url->host_address(), .base_path = std::string(url->encoded_path())};
  if (result.host.empty()) return not_a_url(text, ": it names no host");
  if (url->has_port() && !url->port().empty()) {
    result.port = parse_port(url->port()).value_or(0);
    if (result.port == 0) return not_a_url(text, ": its port must be from 1 to 65535");
  }
  // Boost 1.81 reads http://host:x as a port without digits and the path "x".
  if (!result.base_path.empty() && !result.base_path.starts_with('/')) return not_a_url(text, "");
  while (result.base_path.ends_with('/')) result.base_path.pop_back();
  return result;
}

std::string format_origin(const ProcessorUrl& url) {
  std::string host = url.host;
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return "http://" + format_address({host, url.port}) + url.base_path;
}

}  // namespace payswitch::config
