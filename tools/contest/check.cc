#include "tools/contest/check.h"

#include <fmt/format.h>

#include <optional>

#include "http/json_fields.h"
#include "text/duration.h"
#include "text/number.h"

namespace payswitch::lab::contest {
namespace {

using http::JsonField;
using Kind = JsonField::Kind;

constexpr std::int64_t cents_of_one = 100;

payment::UtcMs ago(payment::UtcMs now, platform::Duration span) {
  return {now.value - std::chrono::duration_cast<std::chrono::milliseconds>(span).count()};
}

std::unexpected<std::string> no_summary(std::string_view json) {
  constexpr std::size_t enough = 120;
  return std::unexpected(fmt::format("not a summary: {}", json.substr(0, enough)));
}

std::optional<std::uint64_t> read_count(const JsonField& field) {
  if (field.kind != Kind::number) return std::nullopt;
  return text::parse_number<std::uint64_t>(field.text);
}

// The object that is the value of a field. Objects of a summary hold no others.
std::string_view inner_object(std::string_view json, std::string_view name) {
  const auto field = json.find(fmt::format("\"{}\"", name));
  const auto begin = json.find('{', field);
  return json.substr(begin, json.find('}', begin) + 1 - begin);
}

}  // namespace

Window window_at(const Schedule& schedule, payment::UtcMs now) {
  return {ago(now, schedule.check_from), ago(now, schedule.check_to)};
}

Window last_window_at(const Schedule& schedule, payment::UtcMs now) {
  return {ago(now, schedule.last_check_from), now};
}

std::string to_query(const Window& window) {
  return fmt::format("?from={}&to={}", payment::format_iso8601(window.from),
                     payment::format_iso8601(window.to));
}

std::uint64_t inconsistencies(const Check& check) {
  std::uint64_t sum = 0;
  for (const std::size_t processor : {cheap, dear}) {
    const auto ours = check.ours[processor].count;
    const auto theirs = check.theirs[processor].count;
    sum += ours > theirs ? ours - theirs : theirs - ours;
  }
  return sum;
}

std::expected<payment::Total, std::string> read_total(std::string_view json) {
  JsonField fields[] = {{.name = "totalRequests"}, {.name = "totalAmount"}};
  const auto& [requests, amount] = fields;
  if (http::read_json_fields(json, fields) != http::JsonVerdict::ok) return no_summary(json);
  if (amount.kind != Kind::number) return no_summary(json);
  const auto count = read_count(requests);
  const auto cents = text::parse_scaled(amount.text, cents_of_one);
  if (!count || !cents) return no_summary(json);
  return payment::Total{.count = *count, .cents = *cents};
}

std::expected<HealthCalls, std::string> read_health_calls(std::string_view json) {
  JsonField fields[] = {{.name = "health_calls"}, {.name = "health_throttled"}};
  const bool is_json = http::read_json_fields(json, fields) == http::JsonVerdict::ok;
  const auto all = read_count(fields[0]);
  const auto too_early = read_count(fields[1]);
  if (!is_json || !all || !too_early) return std::unexpected("counters without health calls");
  return HealthCalls{.all = *all, .too_early = *too_early};
}

std::expected<Pair<payment::Total>, std::string> read_summary(std::string_view json) {
  JsonField fields[] = {{.name = processor_names[cheap]}, {.name = processor_names[dear]}};
  if (http::read_json_fields(json, fields) != http::JsonVerdict::ok) return no_summary(json);
  Pair<payment::Total> totals;
  for (const std::size_t processor : {cheap, dear}) {
    if (fields[processor].kind != Kind::object) return no_summary(json);
    const auto total = read_total(inner_object(json, processor_names[processor]));
    if (!total) return no_summary(json);
    totals[processor] = *total;
  }
  return totals;
}

}  // namespace payswitch::lab::contest
