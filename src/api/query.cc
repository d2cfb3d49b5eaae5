#include "api/query.h"

#include <algorithm>
#include <charconv>

#include "api/unknown_name.h"

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

struct Parameter {
  std::string_view name;
  std::string_view value;

  bool is(std::string_view wanted) const {
    return name == wanted || (name.contains('%') && decode(name) == wanted);
  }
};

// The one that `query` begins with, taken from it; empty where two '&' meet.
Parameter take_parameter(std::string_view& query) {
  const auto end = std::min(query.find('&'), query.size());
  const std::string_view pair = query.substr(0, end);
  query.remove_prefix(std::min(end + 1, query.size()));
  const auto equals = std::min(pair.find('='), pair.size());
  return {pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size()))};
}

}  // namespace

std::optional<http::Problem> unknown_parameter(std::string_view query,
                                               std::span<const std::string_view> known) {
  while (!query.empty()) {
    const Parameter parameter = take_parameter(query);
    if (parameter.name.empty() && parameter.value.empty()) continue;
    if (std::ranges::any_of(known, [&](auto name) { return parameter.is(name); })) continue;
    return invalid_parameter(shown_name(parameter.name),
                             unknown_name_detail("parameter", parameter.name, known));
  }
  return std::nullopt;
}

std::expected<std::optional<std::string>, http::Problem> query_parameter(std::string_view query,
                                                                         std::string_view name) {
  std::optional<std::string> found;
  while (!query.empty()) {
    const Parameter parameter = take_parameter(query);
    if (!parameter.is(name)) continue;
    if (found) return std::unexpected(invalid_parameter(name, "stands more than once"));
    found = decode(parameter.value);
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
