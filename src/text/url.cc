#include "text/url.h"

#include <fmt/format.h>

#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "text/number.h"

namespace payswitch::text {
namespace {

namespace urls = boost::urls;

std::unexpected<std::string> not_an_address(std::string_view text) {
  return std::unexpected(
      fmt::format("'{}' is not an address like 127.0.0.1:9999 or [::1]:9999", text));
}

std::unexpected<std::string> not_a_url(std::string_view text, std::string_view why) {
  return std::unexpected(fmt::format("'{}' is not a URL like http://host:port/path{}", text, why));
}

std::string in_lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

std::expected<Address, std::string> parse_address(std::string_view text) {
  const auto authority = urls::parse_authority(text);
  if (!authority || authority->has_userinfo() || !authority->has_port())
    return not_an_address(text);
  // Boost.URL says 0 both for port 0 and for one that is too large.
  const auto port = parse_number<std::uint16_t>(authority->port());
  if (!port || authority->encoded_host_address().empty()) return not_an_address(text);
  return Address{authority->host_address(), *port};
}

std::string format_address(const Address& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", address.host, is_v6 ? "]" : "", address.port);
}

std::optional<Url> parse_url(std::string_view text) {
  const auto read = urls::parse_uri(text);
  if (!read) return std::nullopt;
  Url url{.scheme = in_lower_case(read->scheme()),
          .host = read->host_address(),
          .path = std::string(read->encoded_path()),
          .has_query_or_fragment = read->has_query() || read->has_fragment()};
  // Boost 1.81 reads http://host:x as a port without digits and the path "x".
  if (read->has_authority() && !url.path.empty() && !url.path.starts_with('/')) return std::nullopt;
  if (read->has_userinfo()) url.user = read->user();
  if (read->has_password()) url.password = read->password();
  if (read->has_port()) url.port = std::string(read->port());
  return url;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  return parse_number<std::uint16_t>(text, 1);
}

std::expected<HttpUrl, std::string> parse_http_url(std::string_view text) {
  auto url = parse_url(text);
  if (!url) return not_a_url(text, "");
  if (url->scheme == "https") {
    return not_a_url(text, ": https is not supported; put a TLS proxy in front of the processor");
  }
  if (url->scheme != "http") return not_a_url(text, "");
  if (url->user) return not_a_url(text, ": it must not name a user");
  if (url->has_query_or_fragment) {
    return not_a_url(text, ": it must not have a query or a fragment");
  }
  if (url->host.empty()) return not_a_url(text, ": it names no host");
  HttpUrl result{.host = std::move(url->host), .base_path = std::move(url->path)};
  if (url->port && !url->port->empty()) {
    const auto port = parse_port(*url->port);
    if (!port) return not_a_url(text, ": its port must be from 1 to 65535");
    result.port = *port;
  }
  while (result.base_path.ends_with('/')) result.base_path.pop_back();
  return result;
}

std::string format_origin(const HttpUrl& url) {
  return "http://" + format_address({in_lower_case(url.host), url.port}) + url.base_path;
}

}  // namespace payswitch::text
