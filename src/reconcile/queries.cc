#include "reconcile/queries.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/json_value.h"
#include "text/number.h"

namespace payswitch::reconcile {

namespace {

using http::JsonValue;
using Kind = JsonValue::Kind;

constexpr unsigned status_ok = 200;

std::unexpected<std::string> unreadable(const Question& question, std::string_view why) {
  return std::unexpected(fmt::format("{}{}: {}", question.url, question.target, why));
}

std::string window_query(const books::Window& window) {
  return fmt::format("?from={}&to={}", payment::format_iso8601(window.from),
                     payment::format_iso8601(window.to));
}

std::optional<payment::Total> read_total(const JsonValue& json) {
  const auto count = text::parse_number<std::uint64_t>(json["totalRequests"].text);
  const auto cents = parse_cents(json["totalAmount"].text);
  if (!count || !cents) return std::nullopt;
  return payment::Total{.count = *count, .cents = *cents};
}

std::optional<payment::UtcMs> read_time(const JsonValue& json) {
  const auto time = payment::parse_iso8601(json.text);
  if (json.kind != Kind::string || !time) return std::nullopt;
  return time->floor;
}

std::optional<payment::State> read_state(std::string_view text) {
  for (int number = 0; number < payment::state_count; ++number) {
    const auto state = static_cast<payment::State>(number);
    if (payment::to_string(state) == text) return state;
  }
  return std::nullopt;
}

std::optional<store::UnaskedAt> read_unasked(const JsonValue& json) {
  const auto& open = json["open"];
  const auto count = text::parse_number<std::uint64_t>(open["payments"].text);
  const auto cents = parse_cents(open["amount"].text);
  if (json["name"].kind != Kind::string || !count || !cents) return std::nullopt;
  return store::UnaskedAt{.name = json["name"].text,
                          .origin = json["origin"].text,
                          .open = {.count = *count, .cents = *cents}};
}

std::optional<ListedPayment::Attempt> read_attempt(const JsonValue& json) {
  const auto time = read_time(json["requestedAt"]);
  if (!time) return std::nullopt;
  return ListedPayment::Attempt{.processor = json["processor"].text,
                                .requested_at = *time,
                                .is_answered = json["outcome"].kind == Kind::string};
}

std::optional<ListedPayment> read_payment(const JsonValue& json) {
  const auto id = payment::CorrelationId::parse(json["correlationId"].text);
  const auto state = read_state(json["state"].text);
  const auto& booked = json["bookedAmount"];
  const auto cents = parse_cents((booked.kind == Kind::number ? booked : json["amount"]).text);
  const auto time = read_time(json["requestedAt"]);
  if (!id || !state || !cents || *cents > payment::Money::max_cents || !time) return std::nullopt;
  ListedPayment payment{.id = *id,
                        .state = *state,
                        .amount = payment::Money::from_cents(static_cast<std::int64_t>(*cents)),
                        .processor = json["processor"].text,
                        .requested_at = *time,
                        .attempts = {}};
  for (const JsonValue& each : json["attempts"].values) {
    const auto attempt = read_attempt(each);
    if (!attempt) return std::nullopt;
    payment.attempts.push_back(*attempt);
  }
  return payment;
}

}  // namespace

std::optional<__int128> parse_cents(std::string_view text) {
  constexpr std::size_t max_digits = 30;
  constexpr std::size_t places = 2;
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string part(point == text.npos ? "" : text.substr(point + 1));
  if (whole.empty() || (point != text.npos && part.empty())) return std::nullopt;
  while (part.size() > places && part.back() == '0') part.pop_back();
  if (part.size() > places || whole.size() > max_digits) return std::nullopt;
  part.resize(places, '0');
  __int128 cents = 0;
  for (const char digit : std::string(whole) + part) {
    if (digit < '0' || digit > '9') return std::nullopt;
    cents = cents * 10 + (digit - '0');
  }
  return cents;
}

Queries::Result<std::string> Queries::get(const Question& question) {
  auto reply = ask_(question);
  if (!reply) return std::unexpected(reply.error());
  if (reply->status == status_ok) return std::move(reply->body);
  return unreadable(question, fmt::format("answered with {}", reply->status));
}

// -- the switch ----------------------------------------------------------------------------------

Queries::Result<payment::UtcMs> Queries::time() {
  const Question question{url_, "/", {}};
  const auto body = get(question);
  if (!body) return std::unexpected(body.error());
  const auto json = http::read_json(*body);
  const auto time =
      json ? text::parse_number<std::int64_t>((*json)["timestamp"].text) : std::nullopt;
  if (!time) return unreadable(question, "tells no time: is this a switch?");
  return payment::UtcMs{*time};
}

Queries::Result<ListedProcessors> Queries::processors() {
  const Question question{url_, "/processors", {}};
  const auto body = get(question);
  if (!body) return std::unexpected(body.error());
  const auto json = http::read_json(*body);
  if (!json || json->kind != Kind::array) return unreadable(question, "no list of processors");
  ListedProcessors processors;
  for (const JsonValue& each : json->values) {
    if (each["configured"].kind == Kind::boolean && each["configured"].text == "false") {
      const auto unasked = read_unasked(each);
      if (!unasked) return unreadable(question, "a processor that cannot be read");
      processors.unasked.push_back(*unasked);
      continue;
    }
    if (each["name"].kind != Kind::string || each["url"].kind != Kind::string) {
      return unreadable(question, "a processor without name or url");
    }
    processors.configured.push_back({each["name"].text, each["url"].text});
  }
  return processors;
}

Queries::Result<std::map<std::string, payment::Total>> Queries::summary(
    const books::Window& window) {
  const Question question{url_, "/payments-summary" + window_query(window), {}};
  const auto body = get(question);
  if (!body) return std::unexpected(body.error());
  const auto json = http::read_json(*body);
  if (!json || json->kind != Kind::object) return unreadable(question, "no summary");
  std::map<std::string, payment::Total> totals;
  for (std::size_t at = 0; at < json->keys.size(); ++at) {
    const auto total = read_total(json->values[at]);
    if (!total) return unreadable(question, "no summary");
    totals.emplace(json->keys[at], *total);
  }
  return totals;
}

Queries::Result<std::vector<ListedPayment>> Queries::payments(const books::Window& window) {
  std::map<payment::CorrelationId, ListedPayment> found;
  Question question{url_, "/payments" + window_query(window), {}};
  for (;;) {
    const auto body = get(question);
    if (!body) return std::unexpected(body.error());
    const auto json = http::read_json(*body);
    if (!json || (*json)["payments"].kind != Kind::array) return unreadable(question, "no list");
    for (const JsonValue& each : (*json)["payments"].values) {
      const auto payment = read_payment(each);
      if (!payment) return unreadable(question, "a payment that cannot be read");
      // On two pages: it has settled in between, and the later one knows.
      found.insert_or_assign(payment->id, *payment);
    }
    const JsonValue& next = (*json)["next"];
    if (next.kind != Kind::string) break;
    question.target = "/payments" + window_query(window) + "&cursor=" + next.text;
  }
  std::vector<ListedPayment> payments;
  for (auto& [id, payment] : found) payments.push_back(std::move(payment));
  return payments;
}

Queries::Result<States> Queries::states() {
  const Question question{url_, "/metrics", {}};
  const auto body = get(question);
  if (!body) return std::unexpected(body.error());
  States states{};
  for (int number = 0; number < payment::state_count; ++number) {
    const auto state = static_cast<payment::State>(number);
    const std::string name =
        fmt::format("\npayswitch_payments{{state=\"{}\"}} ", payment::to_string(state));
    const auto at = body->find(name);
    if (at == body->npos) return unreadable(question, "counts no payments");
    const auto begin = at + name.size();
    const auto count =
        text::parse_number<std::uint64_t>(body->substr(begin, body->find('\n', begin) - begin));
    if (!count) return unreadable(question, "counts no payments");
    states[static_cast<std::size_t>(number)] = *count;
  }
  return states;
}

// -- a processor ---------------------------------------------------------------------------------

// Both ends always: with one missing, the official processor returns everything (PROTOCOL 6).
Queries::Result<payment::Total> Queries::summary(const ProcessorAt& processor,
                                                 const books::Window& window) {
  const Question question{processor.url, "/admin/payments-summary" + window_query(window), token_};
  const auto body = get(question);
  if (!body) return std::unexpected(body.error());
  const auto json = http::read_json(*body);
  const auto total = json ? read_total(*json) : std::nullopt;
  if (!total) return unreadable(question, "no summary");
  return *total;
}

Queries::Result<std::optional<processor::BookEntry>> Queries::entry(
    const ProcessorAt& processor, const payment::CorrelationId& id) {
  const Question question{processor.url, "/payments/" + id.to_string(), {}};
  const auto reply = ask_(question);
  if (!reply) return std::unexpected(reply.error());
  const http::IncomingResponse answer{
      .status = reply->status, .content_type = {}, .body = reply->body};
  const auto entry = processor::read_entry(id, answer);
  if (entry) return *entry;
  if (entry.error() == processor::NoEntry::not_found) return std::nullopt;
  return unreadable(question, fmt::format("answered with {} and no entry", reply->status));
}

}  // namespace payswitch::reconcile
