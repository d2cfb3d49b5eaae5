#include "redis/address.h"

#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace payswitch::redis {

namespace {

template <class Number>
bool read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string Address::shown() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/{}", is_tls ? "rediss" : "redis", is_v6 ? "[" : "", host,
                     is_v6 ? "]" : "", port, database);
}

std::expected<Address, std::string> parse_address(std::string_view text) {
  const auto refuse = [](std::string_view why) {
    return std::unexpected(
        fmt::format("not a URL like redis://[user:password@]host:port/db: {}", why));
  };
  const auto url = boost::urls::parse_uri(text);
  if (!url) return refuse("it cannot be read");
  if (url->scheme() != "redis" && url->scheme() != "rediss") {
    return refuse("it must begin with redis:// or rediss://");
  }
  if (!url->has_authority() || url->encoded_host_address().empty()) return refuse("no host");
  if (url->has_query() || url->has_fragment()) return refuse("a query or a fragment");
  Address address{.host = url->host_address(),
                  .user = url->user(),
                  .password = url->password(),
                  .is_tls = url->scheme() == "rediss"};
  if (url->has_password() ? url->encoded_password().empty() && !url->encoded_user().empty()
                          : url->has_userinfo()) {
    return refuse("a user without a password");
  }
  if (url->has_port() && (!read(url->port(), address.port) || address.port == 0)) {
    return refuse("the port must be 1 to 65535");
  }
  std::string_view path = url->encoded_path();
  if (path.starts_with('/')) path.remove_prefix(1);
  if (!path.empty() && !read(path, address.database)) return refuse("the database is a number");
  return address;
}

}  // namespace payswitch::redis
