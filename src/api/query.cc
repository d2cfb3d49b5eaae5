#include "api/query.h"

#include <algorithm>

#include "api/unknown_name.h"
#include "text/query.h"

namespace payswitch::api {

std::optional<http::Problem> unknown_parameter(std::string_view query,
                                               std::span<const std::string_view> known) {
  while (!query.empty()) {
    const auto parameter = text::take_parameter(query);
    if (parameter.is_empty()) continue;
    if (std::ranges::any_of(known, [&](auto name) { return parameter.is_named(name); })) continue;
    return invalid_parameter(shown_name(parameter.name),
                             unknown_name_detail("parameter", parameter.name, known));
  }
  return std::nullopt;
}

std::expected<std::optional<std::string>, http::Problem> query_parameter(std::string_view query,
                                                                         std::string_view name) {
  std::optional<std::string> found;
  while (!query.empty()) {
    const auto parameter = text::take_parameter(query);
    if (!parameter.is_named(name)) continue;
    if (found) return std::unexpected(invalid_parameter(name, "appears more than once"));
    found = text::percent_decode(parameter.value);
    if (!found) return std::unexpected(invalid_parameter(name, "is not percent-encoded correctly"));
  }
  return found;
}

http::Problem invalid_parameter(std::string_view name, std::string detail) {
  return {.status = 400,
          .slug = "invalid-parameter",
          .title = "A parameter is invalid",
          .detail = std::move(detail),
          .field = name};
}

}  // namespace payswitch::api
