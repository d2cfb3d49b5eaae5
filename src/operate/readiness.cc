#include "operate/readiness.h"

#include <fmt/format.h>

#include "http/problem.h"

namespace payswitch::operate {

namespace {

std::string_view why_not_ready(const dispatch::Dispatcher& dispatcher) {
  if (dispatcher.is_stopping()) return "stopping";
  if (dispatcher.lanes().empty())
    return "no processors are configured: payments are kept, and not sent";
  return {};
}

}  // namespace

void answer_healthz(http::Responder respond) {
  respond({.body = R"({"status":"ok"})", .fields = {}});
}

void answer_readyz(const dispatch::Dispatcher& dispatcher, world::Durability durability,
                   http::Responder respond) {
  const std::string_view why = why_not_ready(dispatcher);
  if (!why.empty()) {
    return answer_problem(std::move(respond), {.status = 503,
                                               .slug = "not-ready",
                                               .title = "Not ready",
                                               .detail = std::string(why),
                                               .field = {}});
  }
  const std::string body =
      fmt::format(R"({{"status":"ready","durability":"{}"}})", to_string(durability));
  respond({.body = body, .fields = {}});
}

}  // namespace payswitch::operate
