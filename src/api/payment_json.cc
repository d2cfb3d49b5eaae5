#include "api/payment_json.h"

#include <fmt/format.h>

namespace payswitch::api {

namespace {

std::string time_or_null(const std::optional<payment::UtcMs>& time) {
  return time ? fmt::format("\"{}\"", payment::format_iso8601(*time)) : "null";
}

std::string name_or_null(payment::ProcessorNumber number, const std::vector<std::string>& names) {
  return number < names.size() ? fmt::format("\"{}\"", names[number]) : "null";
}

std::string to_json(const store::AttemptView& attempt, const std::vector<std::string>& names) {
  return fmt::format(R"({{"number":{},"processor":{},"requestedAt":{},"outcome":{}}})",
                     attempt.number, name_or_null(attempt.processor, names),
                     time_or_null(attempt.requested_at),
                     attempt.outcome ? fmt::format("\"{}\"", to_string(*attempt.outcome)) : "null");
}

}  // namespace

std::string to_json(const store::PaymentView& view, const std::vector<std::string>& names) {
  std::string attempts;
  for (const store::AttemptView& attempt : view.attempts) {
    if (!attempts.empty()) attempts += ',';
    attempts += to_json(attempt, names);
  }
  return fmt::format(
      R"({{"correlationId":"{}","state":"{}","amount":{},"processor":{},"acceptedAt":{},)"
      R"("requestedAt":{},"settledAt":{},"bookedAmount":{},"finding":{},"attemptsMade":{},)"
      R"("attempts":[{}]}})",
      view.id.to_string(), to_string(view.state), view.amount.to_string(),
      name_or_null(view.processor, names), time_or_null(view.accepted_at),
      time_or_null(view.requested_at), time_or_null(view.settled_at),
      view.booked_amount ? view.booked_amount->to_string() : "null", view.finding,
      view.attempts_made, attempts);
}

}  // namespace payswitch::api
