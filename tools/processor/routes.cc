#include "tools/processor/routes.h"

#include <fmt/format.h>

#include <array>

#include "text/query.h"
#include "tools/processor/bodies.h"

namespace payswitch::lab {
namespace {

constexpr std::string_view token_field = "X-Rinha-Token";
constexpr std::string_view admin_prefix = "/admin/";

struct Call {
  Processor& processor;
  const http::Request& request;
  std::string_view last_segment;  // of a path that ends in an id
  platform::Instant now;
};

Response message(unsigned status, std::string_view text) {
  return {.status = status, .body = message_json(text)};
}

Response health(const Call& call) {
  if (!call.processor.admit_health_call(call.now)) return message(429, "one call in five seconds");
  const Settings& settings = call.processor.settings();
  return {.body = fmt::format(R"({{"failing":{},"minResponseTime":{}}})", settings.failing,
                              settings.delay.count())};
}

Response find_payment(const Call& call) {
  const GetMischief mischief = call.processor.strike_get();
  if (call.processor.full()) return message(429, "too many requests");
  if (mischief.fault == GetFault::drop) return {.raw_then_close = ""};
  if (mischief.fault == GetFault::status) return {.status = mischief.status};
  const auto id = payment::CorrelationId::parse(call.last_segment);
  const Entry* entry = id ? call.processor.ledger().find(*id) : nullptr;
  if (!entry || mischief.fault == GetFault::not_found) return message(404, "no such payment");
  return {.body = entry_json(*id, *entry, mischief.fault != GetFault::no_zone)};
}

// The first of that name; one that is badly encoded is as it was sent.
std::optional<std::string> parameter(const Call& call, std::string_view name) {
  for (std::string_view query = call.request.query; !query.empty();) {
    const auto next = text::take_parameter(query);
    if (!next.is_named(name)) continue;
    return text::percent_decode(next.value).value_or(std::string(next.value));
  }
  return std::nullopt;
}

// The window that both ends name; everything when one of them is missing, as the contract has it.
std::optional<payment::Total> sum_of_window(const Call& call) {
  const auto from_text = parameter(call, "from");
  const auto to_text = parameter(call, "to");
  Ledger& ledger = call.processor.ledger();
  if (!from_text || !to_text) return ledger.sum(payment::UtcMs::min(), payment::UtcMs::max());
  const auto from = payment::parse_iso8601(*from_text);
  const auto to = payment::parse_iso8601(*to_text);
  if (!from || !to) return std::nullopt;
  return ledger.sum(from->rounded_up(), to->floor);
}

Response summary(const Call& call) {
  const auto total = sum_of_window(call);
  if (!total) return message(400, "from and to must be ISO 8601 times");
  const Fee fee = call.processor.fee();
  return {.body = fmt::format(R"({{"totalRequests":{},"totalAmount":{},"totalFee":{},)"
                              R"("feePerTransaction":{}}})",
                              total->count, total->amount(),
                              payment::format_cents(fee.of(total->cents)), fee.to_string())};
}

Response set_token(const Call& call) {
  auto token = read_token(call.request.body);
  if (!token) return message(400, token.error());
  call.processor.settings().token = std::move(*token);
  return {.status = 204};
}

Response set_delay(const Call& call) {
  const auto delay = read_delay(call.request.body);
  if (!delay) return message(400, delay.error());
  call.processor.settings().delay = *delay;
  return message(200, "delay set");
}

Response set_failure(const Call& call) {
  const auto failing = read_failure(call.request.body);
  if (!failing) return message(400, failing.error());
  call.processor.settings().failing = *failing;
  return message(200, "failure set");
}

Response purge(const Call& call) {
  call.processor.ledger().purge();
  return message(200, "all payments purged");
}

Response set_faults(const Call& call) {
  const auto faults = Faults::parse(call.request.body);
  if (!faults) return message(400, faults.error());
  call.processor.set_faults(*faults);
  return {.status = 204};
}

Response put_entry(const Call& call) {
  const auto id = payment::CorrelationId::parse(call.last_segment);
  if (!id) return message(400, "the path must end in a UUID");
  const auto entry = read_entry(call.request.body);
  if (!entry) return message(400, entry.error());
  call.processor.ledger().put(*id, *entry);
  return {.status = 204};
}

Response remove_entry(const Call& call) {
  const auto id = payment::CorrelationId::parse(call.last_segment);
  if (!id || !call.processor.ledger().remove(*id)) return message(404, "no such payment");
  return {.status = 204};
}

Response list_books(const Call& call) {
  return {.body = call.processor.ledger().to_ndjson(), .content_type = "application/x-ndjson"};
}

Response counters(const Call& call) {
  const Counters& counters = call.processor.counters();
  return {.body =
              fmt::format(R"({{"posts":{},"posts_booked":{},"gets":{},"health_calls":{},)"
                          R"("health_throttled":{},"max_running":{}}})",
                          counters.posts, counters.posts_booked, counters.gets,
                          counters.health_calls, counters.health_throttled, counters.max_running)};
}

struct Route {
  http::Method method;
  std::string_view path;  // one that ends in '/' is followed by an id
  Response (*answer)(const Call&);
};

// The first row whose path matches is meant: service-health is no id.
constexpr std::array<Route, 12> routes{{
    {http::Method::get, "/payments/service-health", health},
    {http::Method::get, "/payments/", find_payment},
    {http::Method::get, "/admin/payments-summary", summary},
    {http::Method::put, "/admin/configurations/token", set_token},
    {http::Method::put, "/admin/configurations/delay", set_delay},
    {http::Method::put, "/admin/configurations/failure", set_failure},
    {http::Method::post, "/admin/purge-payments", purge},
    {http::Method::put, "/lab/faults", set_faults},
    {http::Method::put, "/lab/books/", put_entry},
    {http::Method::del, "/lab/books/", remove_entry},
    {http::Method::get, "/lab/books", list_books},
    {http::Method::get, "/lab/counters", counters},
}};

bool matches(const Route& route, std::string_view path) {
  return route.path.ends_with('/') ? path.starts_with(route.path) : path == route.path;
}

bool may_pass(const Call& call) {
  if (!call.request.path.starts_with(admin_prefix)) return true;
  const std::string_view* token = call.request.field(token_field);
  return token && *token == call.processor.settings().token;
}

}  // namespace

Response answer(Processor& processor, const http::Request& request, platform::Instant now) {
  const auto last_slash = request.path.rfind('/');
  Call call{processor, request, request.path.substr(last_slash + 1), now};
  if (!may_pass(call)) return message(401, "wrong or missing token");
  bool known_path = request.path == "/payments";
  for (const Route& route : routes) {
    if (!matches(route, request.path)) continue;
    if (route.method == request.method) return route.answer(call);
    known_path = true;
    if (!route.path.ends_with('/')) break;
  }
  return known_path ? message(405, "wrong method") : message(404, "no such path");
}

}  // namespace payswitch::lab
