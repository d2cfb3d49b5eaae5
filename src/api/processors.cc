#include "api/processors.h"

#include <fmt/format.h>

namespace payswitch::api {

namespace {

std::string health_json(const routing::Health& health, platform::Instant now) {
  const auto& report = health.report();
  if (!report) return "null";
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - report->at);
  return fmt::format(R"({{"failing":{},"minResponseTime":{},"ageMs":{}}})", report->failing,
                     report->min_response_time.count(), age.count());
}

std::string to_json(const dispatch::Upstream& upstream, platform::Instant now) {
  const processor::Options& options = upstream.options();
  const std::string why = upstream.breaker().state() == routing::BreakerState::closed
                              ? "null"
                              : fmt::format("\"{}\"", upstream.breaker().why());
  return fmt::format(
      R"({{"name":"{}","url":"{}","configured":true,"fee":{},"breaker":{{"state":"{}","why":{}}},)"
      R"("health":{},"inFlight":{},"limit":{},"maxInFlight":{}}})",
      options.name, options.url, static_cast<double>(options.fee_ppm) / 1e6,
      to_string(upstream.breaker().state()), why, health_json(upstream.health(), now),
      upstream.in_flight(), upstream.limit(), options.max_in_flight);
}

// Its payments stay open until it is configured again.
std::string to_json(const std::string& name, const std::string& origin,
                    const payment::Total& open) {
  const std::string known = origin.empty() ? "null" : fmt::format("\"{}\"", origin);
  return fmt::format(R"({{"name":"{}","url":null,"configured":false,"origin":{},)"
                     R"("open":{{"payments":{},"amount":{}}}}})",
                     name, known, open.count, open.amount());
}

}  // namespace

void list_processors(const dispatch::Dispatcher& dispatcher, const store::Store& store,
                     const platform::Clock& clock, http::Responder respond) {
  std::string json;
  for (const auto& upstream : dispatcher.upstreams()) {
    json += json.empty() ? '[' : ',';
    json += to_json(*upstream, clock.now());
  }
  const auto& origins = store.facts().origins;
  for (const auto& [number, open] : dispatcher.stranded().by_processor()) {
    json += json.empty() ? '[' : ',';
    const auto& names = store.names();
    json += to_json(number < names.size() ? names[number] : std::to_string(number),
                    number < origins.size() ? origins[number] : "", open);
  }
  json += json.empty() ? "[]" : "]";
  respond({.body = json, .fields = {}});
}

}  // namespace payswitch::api
