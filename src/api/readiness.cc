#include "api/readiness.h"

#include <fmt/format.h>

#include "http/problem.h"

namespace payswitch::app {

namespace {

std::string_view why_not_ready(const dispatch::Dispatcher& dispatcher, const store::Store& store) {
  if (dispatcher.is_stopping()) return "the switch is stopping";
  if (!store.is_available()) return "the store cannot be reached: new payments are refused";
  if (dispatcher.upstreams().empty())
    return "no processors are configured: payments are accepted and not sent";
  return {};
}

// It can be mended by configuring them again; new payments are not concerned.
std::string unasked(const dispatch::Dispatcher& dispatcher, const store::Store& store) {
  std::string names;
  for (const auto& [number, open] : dispatcher.stranded().by_processor()) {
    const bool is_named = number < store.names().size();
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ",",
                         is_named ? store.names()[number] : std::to_string(number));
  }
  return names.empty() ? names : fmt::format(R"(,"notConfigured":[{}])", names);
}

}  // namespace

void answer_healthz(http::Responder respond) {
  respond({.body = R"({"status":"ok"})", .fields = {}});
}

void answer_readyz(const dispatch::Dispatcher& dispatcher, const store::Store& store,
                   std::string_view durability, http::Responder respond) {
  const std::string_view why = why_not_ready(dispatcher, store);
  if (!why.empty()) {
    return respond_with_problem(std::move(respond), {.status = 503,
                                                     .slug = "not-ready",
                                                     .title = "Not ready",
                                                     .detail = std::string(why),
                                                     .field = {}});
  }
  const bool is_restored = dispatcher.restored() == dispatch::Restored::yes;
  const std::string body =
      fmt::format(R"({{"status":"ready","durability":"{}"{}{}}})", durability,
                  is_restored ? R"(,"restored":true)" : "", unasked(dispatcher, store));
  respond({.body = body, .fields = {}});
}

}  // namespace payswitch::app
