#include "testing/world/processor.h"

#include <fmt/format.h>

#include <array>

#include "http/json_fields.h"

namespace payswitch::lab {

void VirtualProcessor::arrive(SentRequest request, Reply reply) {
  if (request.method == http::Method::post) return post(request, reply);
  reply(request.target.ends_with("/service-health") ? health() : get(request.target));
}

void VirtualProcessor::post(const SentRequest& request, const Reply& reply) {
  ++posts_;
  std::array<http::JsonField, 3> fields{http::JsonField{.name = "correlationId"},
                                        http::JsonField{.name = "amount"},
                                        http::JsonField{.name = "requestedAt"}};
  http::read_json_fields(request.body, fields);
  const auto id = payment::CorrelationId::parse(fields[0].text).value();
  const Entry entry{payment::Money::parse(fields[1].text).value(),
                    payment::parse_iso8601(fields[2].text).value().floor, 1};
  Plan plan = usual_;
  if (!plans_.empty()) {
    plan = std::move(plans_.front());
    plans_.pop_front();
  }
  world_.after(plan.delay, [this, id, entry, plan, reply] {
    const bool known = books_.contains(id);
    if (plan.book && !known) books_[id] = entry;
    if (plan.silent) return;
    reply(plan.book && known ? SentResponse{422, R"({"message":"known"})"} : plan.answer);
  });
}

SentResponse VirtualProcessor::get(const std::string& target) {
  ++gets_;
  const auto id = payment::CorrelationId::parse(target.substr(target.rfind('/') + 1)).value();
  const auto entry = books_.find(id);
  if (entry == books_.end()) return {404, ""};
  return {200, fmt::format(R"({{"correlationId":"{}","amount":{},"requestedAt":"{}"}})",
                           id.to_string(), entry->second.amount.to_string(),
                           payment::format_iso8601(entry->second.requested_at))};
}

SentResponse VirtualProcessor::health() {
  ++health_polls_;
  return {200, fmt::format(R"({{"failing":{},"minResponseTime":0}})", failing_)};
}

}  // namespace payswitch::lab
