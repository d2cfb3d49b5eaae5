#include "api/accept.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/media_type.h"
#include "api/unavailable.h"
#include "api/unknown_name.h"
#include "http/ascii.h"

namespace payswitch::api {

namespace {

using http::JsonField;
using http::JsonVerdict;
using http::Problem;

constexpr std::string_view content_encoding = "Content-Encoding";
constexpr std::string_view kept = R"({"message":"Payment processed successfully"})";

Problem malformed(std::string detail) {
  return {.status = 400,
          .slug = "malformed-json",
          .title = "The body must be a JSON object",
          .detail = std::move(detail),
          .field = {}};
}

Problem invalid(std::string_view field, std::string detail) {
  return {.status = 400,
          .slug = "invalid-field",
          .title = "A field is missing or invalid",
          .detail = std::move(detail),
          .field = field};
}

std::string_view name_of(JsonVerdict verdict) {
  switch (verdict) {
    case JsonVerdict::not_json:
      return "is not valid JSON";
    case JsonVerdict::trailing_bytes:
      return "has more after the JSON object";
    default:
      return "must be a JSON object";
  }
}

Problem uncountable(std::span<const JsonField> fields) {
  const auto field = std::ranges::find_if(fields, [](const JsonField& each) {
    return each.kind == JsonField::Kind::number && each.text.empty();
  });
  constexpr std::string_view why = "has an exponent that is too large";
  return field == fields.end() ? malformed(std::string(why))
                               : invalid(field->name, std::string(why));
}

// Nothing when the field stands once and is of that kind.
std::expected<void, Problem> require(const JsonField& field, JsonField::Kind kind,
                                     std::string_view form) {
  if (field.kind == JsonField::Kind::absent)
    return std::unexpected(invalid(field.name, "is missing"));
  if (field.duplicate) return std::unexpected(invalid(field.name, "appears more than once"));
  if (field.kind != kind)
    return std::unexpected(invalid(field.name, fmt::format("must be {}", form)));
  return {};
}

// Lives no longer than the name.
Problem unknown_field(std::string_view name) {
  static constexpr std::string_view known[] = {"correlationId", "amount"};
  return invalid(shown_name(name), unknown_name_detail("field", name, known));
}

Problem conflict() {
  return {.status = 422,
          .slug = "amount-conflict",
          .title = "This correlationId already has another amount",
          .detail = "a correlationId identifies one payment for ever",
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
      return respond_with_problem(std::move(respond), conflict());
    case store::Verdict::unavailable:
      return answer_unavailable(std::move(respond),
                                "the payment may have been accepted, or not; send it again");
    case store::Verdict::not_admitted:
      return respond_with_problem(std::move(respond),
                                  {.status = 503,
                                   .slug = "not-admitted",
                                   .title = "New payments are not accepted at the moment",
                                   .detail = "the payment was not accepted; send it again later",
                                   .field = {}},
                                  {&later, 1});
  }
}

Problem unsupported(std::string_view field, std::string_view detail) {
  return {.status = 415,
          .slug = "unsupported-media-type",
          .title = "The body must be application/json",
          .detail = std::string(detail),
          .field = field};
}

// Every field that says how the body is to be read, a repeated one too.
std::optional<Problem> media_problem(std::span<const http::Field> fields) {
  for (const auto& [name, value] : fields) {
    if (http::equal_ignoring_case(name, "Content-Type")) {
      const MediaType type = read_media_type(value);
      if (type == MediaType::other) return unsupported({}, {});
      if (type == MediaType::other_charset) return unsupported("Content-Type", "must be UTF-8");
    } else if (http::equal_ignoring_case(name, content_encoding)) {
      if (!value.empty() && !http::equal_ignoring_case(value, "identity")) {
        return unsupported(content_encoding, "must be absent or identity");
      }
    }
  }
  return std::nullopt;
}

// RFC 9110 section 15.5.16: says which coding would have been taken.
void answer_media_problem(http::Responder respond, const Problem& problem) {
  static constexpr http::Field only{"Accept-Encoding", "identity"};
  const bool is_coding = problem.field == content_encoding;
  respond_with_problem(std::move(respond), problem,
                       is_coding ? std::span(&only, 1) : std::span<const http::Field>{});
}

}  // namespace

void Accept::operator()(const http::Request& request, http::Responder respond) {
  if (const auto problem = media_problem(request.fields)) {
    return answer_media_problem(std::move(respond), *problem);
  }
  const auto payment = read(request);
  if (!payment) return respond_with_problem(std::move(respond), payment.error());
  dispatcher_.accept(
      payment->id, payment->amount,
      [this, begun = clock_.now(), respond = std::move(respond)](store::Verdict verdict) mutable {
        counters_.accept.record(clock_.now() - begun);
        answer(std::move(respond), verdict);
      });
}

std::expected<Accept::Payment, Problem> Accept::read(const http::Request& request) {
  const JsonVerdict verdict =
      read_json_fields(request.body, fields_, options_.refuse_unknown_fields ? &unknown_ : nullptr);
  if (verdict == JsonVerdict::exponent_too_large) return std::unexpected(uncountable(fields_));
  if (verdict != JsonVerdict::ok) return std::unexpected(malformed(std::string(name_of(verdict))));
  if (unknown_) return std::unexpected(unknown_field(*unknown_));
  const auto& [id, amount] = fields_;
  if (auto problem = require(id, JsonField::Kind::string, "a string"); !problem) {
    return std::unexpected(problem.error());
  }
  if (auto problem = require(amount, JsonField::Kind::number, "a number"); !problem) {
    return std::unexpected(problem.error());
  }
  const auto parsed_id = payment::CorrelationId::parse(id.text);
  if (!parsed_id) return std::unexpected(invalid(id.name, "must be a UUID"));
  const auto parsed_amount = payment::Money::parse(amount.text);
  if (!parsed_amount) {
    return std::unexpected(invalid(amount.name, std::string(to_string(parsed_amount.error()))));
  }
  return Payment{.id = *parsed_id, .amount = *parsed_amount};
}

}  // namespace payswitch::api
