#include "api/query.h"

#include <charconv>

namespace payswitch::api {

namespace {

std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned code = 0;
    const char* begin = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(begin, begin + 2, code, 16).ptr != begin + 2) {
      return std::nullopt;
    }
    decoded += static_cast<char>(code);
    i += 2;
  }
  return decoded;
}

}  // namespace

std::expected<std::optional<std::string>, http::Problem> query_parameter(std::string_view query,
                                                                         std::string_view name) {
  std::optional<std::string> found;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) != name) continue;
    if (found) return std::unexpected(invalid_parameter(name, "stands more than once"));
    found = decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!found) return std::unexpected(invalid_parameter(name, "badly percent-encoded"));
  }
  return found;
}

http::Problem invalid_parameter(std::string_view name, std::string detail) {
  return {.status = 400,
          .slug = "invalid-parameter",
          .title = "A parameter is wrong",
          .detail = std::move(detail),
          .field = name};
}

}  // namespace payswitch::api
