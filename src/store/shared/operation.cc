#include "store/shared/operation.h"

#include <fmt/format.h>

#include <utility>

#include "store/shared/keys.h"
#include "store/shared/totals.h"

namespace payswitch::store::shared {

namespace {

using Kind = Operation::Kind;

std::string text(std::int64_t number) {
  return fmt::format_int(number).str();
}

Call accept_call(const Operation& op, const Scripts& scripts, const Speaker& speaker) {
  const unsigned shard = shard_of(op.id);
  const bool has_intent = op.processor != payment::no_processor;
  return {
      &scripts.accept,
      {payment_key(op.id), shard_key(shard, own, speaker.instance), shard_key(shard, owners)},
      {op.id.to_string(), speaker.instance, speaker.process + "-" + fmt::format_int(op.token).str(),
       text(op.amount.cents()), text(op.at.value), op.admit_new ? "1" : "0",
       has_intent ? text(op.processor) : "", has_intent ? text(op.requested_at.value) : ""}};
}

Call settle_call(const Operation& op, const Scripts& scripts, const std::string& owner) {
  const unsigned shard = shard_of(op.id);
  Call call{
      &scripts.settle,
      {payment_key(op.id), shard_key(shard, own, owner), shard_key(shard, count_of, op.processor),
       shard_key(shard, cents_of, op.processor), shard_key(shard, widest_count_of, op.processor),
       shard_key(shard, widest_cents_of, op.processor)},
      {op.id.to_string(), owner, text(op.processor), text(op.number), text(op.requested_at.value),
       text(op.amount.cents()), text(op.at.value), op.finding ? "1" : "0"}};
  for (std::string& field : buckets_of(op.requested_at)) call.arguments.push_back(std::move(field));
  return call;
}

Call refuse_call(const Operation& op, const Scripts& scripts, const Speaker& speaker) {
  const std::uint32_t bit = op.reason == payment::Outcome::our_fault ? 1u << op.processor : 0;
  return {&scripts.refuse,
          {payment_key(op.id)},
          {speaker.instance, text(op.number), text(static_cast<int>(op.reason)), text(bit),
           text(max_attempts_remembered)}};
}

}  // namespace

Operation accept_operation(const Acceptance& acceptance, std::uint64_t token) {
  Operation op{.kind = Kind::accept,
               .admit_new = acceptance.admit_new,
               .token = token,
               .id = acceptance.id,
               .amount = acceptance.amount,
               .at = acceptance.accepted_at};
  if (acceptance.intent) {
    op.processor = acceptance.intent->processor;
    op.number = acceptance.intent->number;
    op.requested_at = acceptance.intent->requested_at;
  }
  return op;
}

OpenPayment open_of(const Operation& accept) {
  const bool has_intent = accept.processor != payment::no_processor;
  OpenPayment open{.id = accept.id,
                   .amount = accept.amount,
                   .accepted_at = accept.at,
                   .attempts_made = has_intent ? 1u : 0u,
                   .our_fault_mask = 0,
                   .unanswered = {},
                   .was_anothers = false,
                   .ask_first_mask = 0};
  if (has_intent) {
    open.unanswered =
        Intent{.processor = accept.processor, .number = 1, .requested_at = accept.requested_at};
  }
  return open;
}

Operation intend_operation(const payment::CorrelationId& id, const Intent& intent) {
  return {.kind = Kind::intend,
          .processor = intent.processor,
          .number = intent.number,
          .id = id,
          .requested_at = intent.requested_at};
}

Operation refuse_operation(const payment::CorrelationId& id, const Refusal& refusal) {
  return {.kind = Kind::refuse,
          .reason = refusal.reason,
          .processor = refusal.processor,
          .number = refusal.number,
          .id = id};
}

Operation mark_unknown_operation(const payment::CorrelationId& id, std::uint32_t number) {
  return {.kind = Kind::mark_unknown, .number = number, .id = id};
}

Operation settle_operation(const payment::CorrelationId& id, const Settlement& settlement) {
  return {.kind = Kind::settle,
          .finding = settlement.finding,
          .processor = settlement.processor,
          .number = settlement.number,
          .id = id,
          .amount = settlement.amount,
          .at = settlement.settled_at,
          .requested_at = settlement.requested_at};
}

Operation park_operation(const payment::CorrelationId& id, payment::UtcMs at) {
  return {.kind = Kind::park, .id = id, .at = at};
}

wire::Flush haste_of(Kind kind) {
  return kind == Kind::accept || kind == Kind::intend ? wire::Flush::now : wire::Flush::lazy;
}

Call call_of(const Operation& op, const Scripts& scripts, const Speaker& speaker,
             const std::string& owner) {
  switch (op.kind) {
    case Kind::accept:
      return accept_call(op, scripts, speaker);
    case Kind::settle:
      return settle_call(op, scripts, owner);
    case Kind::refuse:
      return refuse_call(op, scripts, speaker);
    case Kind::intend:
      return {&scripts.intend,
              {payment_key(op.id)},
              {speaker.instance, text(op.number), text(op.processor), text(op.requested_at.value)}};
    case Kind::mark_unknown:
      return {&scripts.mark_unknown, {payment_key(op.id)}, {speaker.instance, text(op.number)}};
    case Kind::park:
      return {&scripts.park,
              {payment_key(op.id), shard_key(shard_of(op.id), own, speaker.instance)},
              {op.id.to_string(), speaker.instance, text(op.at.value)}};
  }
  std::unreachable();
}

}  // namespace payswitch::store::shared
