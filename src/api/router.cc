#include "api/router.h"

#include <optional>

#include "api/query.h"
#include "http/problem.h"

namespace payswitch::api {

namespace {

using http::Method;

std::optional<std::string_view> rest_of(std::string_view path, std::string_view route) {
  if (path == route)
    return route.size() > 1 && route.ends_with('/') ? std::nullopt
                                                    : std::optional(std::string_view{});
  if (route.size() == 1 || !route.ends_with('/') || !path.starts_with(route)) return std::nullopt;
  const std::string_view rest = path.substr(route.size());
  if (rest.empty() || rest.contains('/')) return std::nullopt;
  return rest;
}

}  // namespace

void Router::add(Method method, std::string_view path, std::vector<std::string_view> parameters,
                 Route route) {
  entries_.push_back({method, std::string(path), std::move(parameters), std::move(route)});
}

void Router::operator()(const http::Request& request, http::Responder respond) const {
  const Method wanted = request.method == Method::head ? Method::get : request.method;
  std::string allowed;
  for (const Entry& entry : entries_) {
    const auto rest = rest_of(request.path, entry.path);
    if (!rest) continue;
    if (entry.method == wanted) {
      if (const auto problem = unknown_parameter(request.query, entry.parameters)) {
        return respond_with_problem(std::move(respond), *problem);
      }
      return entry.route(request, *rest, std::move(respond));
    }
    if (!allowed.empty()) allowed += ", ";
    allowed += to_string(entry.method);
    if (entry.method == Method::get) allowed += ", HEAD";
  }
  if (allowed.empty()) {
    return respond_with_problem(std::move(respond),
                                {.status = 404,
                                 .slug = "not-found",
                                 .title = "This path does not exist",
                                 .detail = std::string(request.path.substr(0, 200)),
                                 .field = {}});
  }
  const http::Field allow{"Allow", allowed};
  respond_with_problem(std::move(respond),
                       {.status = 405,
                        .slug = "method-not-allowed",
                        .title = "This path does not allow that method",
                        .detail = {},
                        .field = {}},
                       {&allow, 1});
}

}  // namespace payswitch::api
