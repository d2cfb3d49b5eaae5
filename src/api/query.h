#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/problem.h"

namespace payswitch::api {

// The value of a query parameter, percent-decoded (RFC 3986; a '+' is a plus, so that "+02:00" may
// be sent as it is). nullopt when it is absent; a problem when it stands twice or is badly encoded.
std::expected<std::optional<std::string>, http::Problem> query_parameter(std::string_view query,
                                                                         std::string_view name);

// The first parameter that is none of `known`, as a problem that names it and lives no longer than
// `query`; nullopt when there is none.
std::optional<http::Problem> unknown_parameter(std::string_view query,
                                               std::span<const std::string_view> known);

http::Problem invalid_parameter(std::string_view name, std::string detail);

}  // namespace payswitch::api
