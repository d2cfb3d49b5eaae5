#include "processor/wire.h"

#include <array>

#include "http/json_fields.h"
#include "text/number.h"

namespace payswitch::processor {

namespace {

using http::JsonField;
using Answered = std::expected<http::IncomingResponse, http::Failure>;

bool is_one(const JsonField& field, JsonField::Kind kind) {
  return field.kind == kind && !field.duplicate;
}

}  // namespace

void write_payment_body(std::string& out, const payment::CorrelationId& id, payment::Money amount,
                        payment::UtcMs requested_at) {
  out = R"({"correlationId":")";
  id.append_to(out);
  out += R"(","amount":)";
  out += amount.to_string();
  out += R"(,"requestedAt":")";
  payment::append_iso8601(out, requested_at);
  out += R"("})";
}

std::expected<BookEntry, NoEntry> read_entry(const payment::CorrelationId& id,
                                             const Answered& response) {
  if (response && response->status == 404) return std::unexpected(NoEntry::not_found);
  if (!response || response->status != 200) return std::unexpected(NoEntry::no_answer);
  std::array<JsonField, 3> fields{JsonField{.name = "correlationId"}, JsonField{.name = "amount"},
                                  JsonField{.name = "requestedAt"}};
  if (http::read_json_fields(response->body, fields) != http::JsonVerdict::ok ||
      !is_one(fields[0], JsonField::Kind::string) || !is_one(fields[1], JsonField::Kind::number) ||
      !is_one(fields[2], JsonField::Kind::string)) {
    return std::unexpected(NoEntry::no_answer);
  }
  const auto named = payment::CorrelationId::parse(fields[0].text);
  const auto amount = payment::Money::parse(fields[1].text);
  const auto time = payment::parse_iso8601(fields[2].text);
  if (!named || *named != id || !amount || !time) return std::unexpected(NoEntry::no_answer);
  return BookEntry{.amount = *amount, .requested_at = time->floor};
}

std::optional<HealthReport> read_health(const Answered& response) {
  if (!response || response->status != 200) return std::nullopt;
  std::array<JsonField, 2> fields{JsonField{.name = "failing"},
                                  JsonField{.name = "minResponseTime"}};
  if (http::read_json_fields(response->body, fields) != http::JsonVerdict::ok ||
      !is_one(fields[0], JsonField::Kind::boolean) || !is_one(fields[1], JsonField::Kind::number)) {
    return std::nullopt;
  }
  const auto milliseconds = text::parse_number<std::uint32_t>(fields[1].text);
  if (!milliseconds) return std::nullopt;
  return HealthReport{.failing = fields[0].text == "true",
                      .min_response_time = std::chrono::milliseconds(*milliseconds)};
}

}  // namespace payswitch::processor
