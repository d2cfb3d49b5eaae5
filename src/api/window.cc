#include "api/window.h"

#include "api/query.h"

namespace payswitch::api {

namespace {

using http::Problem;

std::expected<std::optional<payment::IsoTime>, Problem> time_parameter(std::string_view query,
                                                                       std::string_view name) {
  auto text = query_parameter(query, name);
  if (!text) return std::unexpected(std::move(text.error()));
  if (!*text) return std::nullopt;
  const auto time = payment::parse_iso8601(**text);
  if (!time) {
    return std::unexpected(
        invalid_parameter(name, "must be an ISO 8601 time, such as 2025-07-08T12:34:56.789Z"));
  }
  return time;
}

}  // namespace

std::expected<books::Window, Problem> read_window(std::string_view query) {
  auto from = time_parameter(query, "from");
  if (!from) return std::unexpected(std::move(from.error()));
  auto to = time_parameter(query, "to");
  if (!to) return std::unexpected(std::move(to.error()));
  if (*from && *to && (**from).floor > (**to).floor) {
    return std::unexpected(invalid_parameter("from", "must not be after 'to'"));
  }
  books::Window window;
  if (*from) window.from = (**from).rounded_up();
  if (*to) window.to = (**to).floor;
  return window;
}

}  // namespace payswitch::api
