#include "tools/processor/bodies.h"

#include <fmt/format.h>

#include "text/json_string.h"
#include "text/number.h"

namespace payswitch::lab {
namespace {

using http::JsonField;
using Kind = JsonField::Kind;

std::unexpected<std::string> wrong(const JsonField& field, std::string_view why) {
  return std::unexpected(fmt::format("{}: {}", field.name, why));
}

std::expected<Entry, std::string> entry_of(const JsonField& amount, const JsonField& requested_at) {
  if (amount.kind != Kind::number) return wrong(amount, "must be a number");
  const auto money = payment::Money::parse(amount.text);
  if (!money) return wrong(amount, payment::to_string(money.error()));
  if (requested_at.kind != Kind::string) return wrong(requested_at, "must be a string");
  const auto time = payment::parse_iso8601(requested_at.text);
  if (!time) return wrong(requested_at, "must be an ISO 8601 time");
  return Entry{.amount = *money, .requested_at = time->floor};
}

// The only field of a body.
std::expected<JsonField, std::string> read_one(std::string_view json, std::string_view name,
                                               Kind kind) {
  JsonField field{.name = name};
  if (auto read = read_object(json, {&field, 1}); !read) {
    return std::unexpected(std::move(read.error()));
  }
  if (field.kind != kind) return wrong(field, "is missing or of another type");
  return field;
}

}  // namespace

std::expected<void, std::string> read_object(std::string_view json, std::span<JsonField> fields) {
  switch (http::read_json_fields(json, fields)) {
    case http::JsonVerdict::ok:
      break;
    case http::JsonVerdict::not_json:
      return std::unexpected("not JSON");
    case http::JsonVerdict::trailing_bytes:
      return std::unexpected("something follows the object");
    case http::JsonVerdict::not_an_object:
      return std::unexpected("not an object");
    case http::JsonVerdict::exponent_too_large:
      return std::unexpected("an exponent is too large");
  }
  for (const JsonField& field : fields) {
    if (field.duplicate) return wrong(field, "is there twice");
  }
  return {};
}

std::optional<std::uint64_t> whole_number(const JsonField& field, std::uint64_t max) {
  if (field.kind != Kind::number) return std::nullopt;
  return text::parse_number<std::uint64_t>(field.text, 0, max);
}

std::expected<PaymentBody, std::string> PaymentReader::read(std::string_view json) {
  if (auto read = read_object(json, fields_); !read) {
    return std::unexpected(std::move(read.error()));
  }
  const auto& [correlation_id, amount, requested_at] = fields_;
  if (correlation_id.kind != Kind::string) return wrong(correlation_id, "must be a string");
  const auto id = payment::CorrelationId::parse(correlation_id.text);
  if (!id) return wrong(correlation_id, "must be a UUID");
  auto entry = entry_of(amount, requested_at);
  if (!entry) return std::unexpected(std::move(entry.error()));
  return PaymentBody{.id = *id, .entry = *entry};
}

std::expected<Entry, std::string> read_entry(std::string_view json) {
  JsonField fields[] = {{.name = "amount"}, {.name = "requestedAt"}};
  if (auto read = read_object(json, fields); !read) {
    return std::unexpected(std::move(read.error()));
  }
  return entry_of(fields[0], fields[1]);
}

std::expected<std::string, std::string> read_token(std::string_view json) {
  auto field = read_one(json, "token", Kind::string);
  if (!field) return std::unexpected(std::move(field.error()));
  return std::move(field->text);
}

std::expected<std::chrono::milliseconds, std::string> read_delay(std::string_view json) {
  const auto field = read_one(json, "delay", Kind::number);
  if (!field) return std::unexpected(field.error());
  const auto delay = whole_number(*field, max_delay_ms);
  if (!delay) return wrong(*field, "must be whole milliseconds, of a day at most");
  return std::chrono::milliseconds(*delay);
}

std::expected<bool, std::string> read_failure(std::string_view json) {
  const auto field = read_one(json, "failure", Kind::boolean);
  if (!field) return std::unexpected(field.error());
  return field->text == "true";
}

std::string entry_json(const payment::CorrelationId& id, const Entry& entry, bool with_zone) {
  std::string time = payment::format_iso8601(entry.requested_at);
  if (!with_zone) time.pop_back();
  return fmt::format(R"({{"correlationId":"{}","amount":{},"requestedAt":"{}"}})", id.to_string(),
                     entry.amount.to_string(), time);
}

std::string message_json(std::string_view message) {
  return fmt::format(R"({{"message":{}}})", text::json_string(message));
}

}  // namespace payswitch::lab
