#include "redis/address.h"

#include <fmt/format.h>

#include "text/number.h"
#include "text/url.h"

namespace payswitch::redis {

std::string Address::shown() const {
  return fmt::format("{}://{}/{}", is_tls ? "rediss" : "redis", text::format_address({host, port}),
                     database);
}

std::expected<Address, std::string> parse_address(std::string_view text) {
  const auto refuse = [](std::string_view why) {
    return std::unexpected(
        fmt::format("not a URL like redis://[user:password@]host:port/db: {}", why));
  };
  const auto url = text::parse_url(text);
  if (!url) return refuse("it cannot be read");
  if (url->scheme != "redis" && url->scheme != "rediss") {
    return refuse("it must begin with redis:// or rediss://");
  }
  if (url->host.empty()) return refuse("no host");
  if (url->has_query_or_fragment) return refuse("a query or a fragment");
  if (url->user && (!url->password || (url->password->empty() && !url->user->empty()))) {
    return refuse("a user without a password");
  }
  Address address{.host = url->host,
                  .user = url->user.value_or(""),
                  .password = url->password.value_or(""),
                  .is_tls = url->scheme == "rediss"};
  if (url->port) {
    const auto port = text::parse_port(*url->port);
    if (!port) return refuse("the port must be 1 to 65535");
    address.port = *port;
  }
  std::string_view path = url->path;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return address;
  const auto database = text::parse_number<std::uint32_t>(path);
  if (!database) return refuse("the database is a number");
  address.database = *database;
  return address;
}

}  // namespace payswitch::redis
