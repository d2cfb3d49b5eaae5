#include "api/accept.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "api/unavailable.h"

namespace payswitch::api {

namespace {

using http::JsonField;
using http::JsonVerdict;
using http::Problem;

constexpr std::string_view kept = R"({"message":"Payment processed successfully"})";

bool is_json(std::string_view content_type) {
  const auto end = std::min(content_type.find_first_of("; \t"), content_type.size());
  return std::ranges::equal(content_type.substr(0, end), std::string_view("application/json"), {},
                            [](unsigned char c) { return std::tolower(c); });
}

Problem malformed(std::string detail) {
  return {.status = 400,
          .slug = "malformed-json",
          .title = "The body is not one JSON object",
          .detail = std::move(detail),
          .field = {}};
}

Problem invalid(std::string_view field, std::string detail) {
  return {.status = 400,
          .slug = "invalid-field",
          .title = "A field is missing or wrong",
          .detail = std::move(detail),
          .field = field};
}

std::string_view name_of(JsonVerdict verdict) {
  switch (verdict) {
    case JsonVerdict::not_json:
      return "not a JSON text";
    case JsonVerdict::trailing_bytes:
      return "there are bytes behind the JSON text";
    default:
      return "a JSON text, but not an object";
  }
}

Problem uncountable(std::span<const JsonField> fields) {
  const auto field = std::ranges::find_if(fields, [](const JsonField& each) {
    return each.kind == JsonField::Kind::number && each.text.empty();
  });
  constexpr std::string_view why = "a number whose exponent is beyond all limits";
  return field == fields.end() ? malformed(std::string(why))
                               : invalid(field->name, std::string(why));
}

// Nothing when the field stands once and is of that kind.
std::expected<void, Problem> require(const JsonField& field, JsonField::Kind kind,
                                     std::string_view form) {
  if (field.kind == JsonField::Kind::absent) return std::unexpected(invalid(field.name, "missing"));
  if (field.duplicate) return std::unexpected(invalid(field.name, "stands more than once"));
  if (field.kind != kind)
    return std::unexpected(invalid(field.name, fmt::format("must be {}", form)));
  return {};
}

Problem conflict() {
  return {.status = 422,
          .slug = "amount-conflict",
          .title = "This correlationId is known with another amount",
          .detail = "a correlationId names one payment for life",
          .field = "amount"};
}

void answer(http::Responder respond, store::Verdict verdict) {
  static constexpr http::Field replayed{"Idempotent-Replayed", "true"};
  static constexpr http::Field later{"Retry-After", "1"};
  switch (verdict) {
    case store::Verdict::accepted:
      return respond({.status = 202, .body = kept, .fields = {}});
    case store::Verdict::replayed:
      return respond({.status = 202, .body = kept, .fields = {&replayed, 1}});
    case store::Verdict::conflict:
      return answer_problem(std::move(respond), conflict());
    case store::Verdict::unavailable:
      return answer_unavailable(std::move(respond),
                                "whether the payment was kept is not known; send it again");
    case store::Verdict::not_admitted:
      return answer_problem(std::move(respond),
                            {.status = 503,
                             .slug = "not-admitted",
                             .title = "No new payments are being taken at the moment",
                             .detail = "the payment was not kept; send it again",
                             .field = {}},
                            {&later, 1});
  }
}

}  // namespace

void Accept::operator()(const http::Request& request, http::Responder respond) {
  const auto payment = read(request);
  if (!payment) return answer_problem(std::move(respond), payment.error());
  dispatcher_.accept(
      payment->id, payment->amount,
      [this, begun = clock_.now(), respond = std::move(respond)](store::Verdict verdict) mutable {
        counters_.accept.record(clock_.now() - begun);
        answer(std::move(respond), verdict);
      });
}

std::expected<Accept::Payment, Problem> Accept::read(const http::Request& request) {
  const std::string_view* content_type = request.field("Content-Type");
  if (content_type && !is_json(*content_type)) {
    return std::unexpected(Problem{.status = 415,
                                   .slug = "unsupported-media-type",
                                   .title = "Payments are application/json",
                                   .detail = {},
                                   .field = {}});
  }
  const JsonVerdict verdict = read_json_fields(request.body, fields_);
  if (verdict == JsonVerdict::exponent_too_large) return std::unexpected(uncountable(fields_));
  if (verdict != JsonVerdict::ok) return std::unexpected(malformed(std::string(name_of(verdict))));
  const auto& [id, amount] = fields_;
  if (auto problem = require(id, JsonField::Kind::string, "a string"); !problem) {
    return std::unexpected(problem.error());
  }
  if (auto problem = require(amount, JsonField::Kind::number, "a number"); !problem) {
    return std::unexpected(problem.error());
  }
  const auto parsed_id = payment::CorrelationId::parse(id.text);
  if (!parsed_id) return std::unexpected(invalid(id.name, "not a UUID"));
  const auto parsed_amount = payment::Money::parse(amount.text);
  if (!parsed_amount) {
    return std::unexpected(invalid(amount.name, std::string(to_string(parsed_amount.error()))));
  }
  return Payment{.id = *parsed_id, .amount = *parsed_amount};
}

}  // namespace payswitch::api
