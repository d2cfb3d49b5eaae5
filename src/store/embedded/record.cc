#include "store/embedded/record.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>

namespace payswitch::store::embedded {

namespace {

static_assert(sizeof(Record) - offsetof(Record, id) == max_name_bytes);

Record blank(RecordType type, const payment::CorrelationId& id) {
  Record record{};
  record.type = type;
  record.processor = payment::no_processor;
  record.id = id.bytes();
  return record;
}

bool is_processor(std::uint8_t number) {
  return number < payment::max_processors;
}

bool has_amount(const Record& record) {
  return record.cents > 0 && record.cents <= payment::Money::max_cents;
}

const char* fault_of_accepted(const Record& record) {
  if ((record.flags & ~flag_carries_intent) != 0) return "an acceptance with unknown flags";
  if (!has_amount(record)) return "an acceptance with an impossible amount";
  if ((record.flags & flag_carries_intent) == 0) return nullptr;
  if (!is_processor(record.processor)) return "an intent at an impossible processor";
  return record.attempt == 1 ? nullptr
                             : "an acceptance that carries an intent other than the first";
}

const char* fault_of_refused(const Record& record) {
  const auto outcome = static_cast<payment::Outcome>(record.outcome);
  if (!is_processor(record.processor)) return "a refusal by an impossible processor";
  if (!payment::is_refusal(outcome) && outcome != payment::Outcome::released) {
    return "a refusal with a reason that is none";
  }
  return nullptr;
}

const char* fault_of_settled(const Record& record) {
  if ((record.flags & ~flag_finding) != 0) return "a settlement with unknown flags";
  if (!is_processor(record.processor)) return "a settlement at an impossible processor";
  return record.cents >= 0 && record.cents <= payment::Money::max_cents
             ? nullptr
             : "a settlement of an impossible amount";
}

}  // namespace

Record named_record(payment::ProcessorNumber processor, std::string_view name) {
  assert(!name.empty() && name.size() <= max_name_bytes);
  Record record{};
  record.type = RecordType::processor_named;
  record.processor = processor;
  std::memcpy(reinterpret_cast<char*>(&record) + offsetof(Record, id), name.data(), name.size());
  return record;
}

Record accepted_record(const Acceptance& acceptance) {
  Record record = blank(RecordType::accepted, acceptance.id);
  record.cents = acceptance.amount.cents();
  record.at = acceptance.accepted_at.value;
  if (acceptance.intent) {
    record.flags = flag_carries_intent;
    record.processor = acceptance.intent->processor;
    record.attempt = acceptance.intent->number;
    record.requested_at = acceptance.intent->requested_at.value;
  }
  return record;
}

Record intent_record(const payment::CorrelationId& id, const Intent& intent) {
  Record record = blank(RecordType::intent, id);
  record.processor = intent.processor;
  record.attempt = intent.number;
  record.requested_at = intent.requested_at.value;
  return record;
}

Record refused_record(const payment::CorrelationId& id, const Refusal& refusal) {
  Record record = blank(RecordType::refused, id);
  record.processor = refusal.processor;
  record.attempt = refusal.number;
  record.outcome = static_cast<std::uint8_t>(refusal.reason);
  return record;
}

Record settled_record(const payment::CorrelationId& id, const Settlement& settlement) {
  Record record = blank(RecordType::settled, id);
  record.flags = settlement.finding ? flag_finding : 0;
  record.processor = settlement.processor;
  record.attempt = settlement.number;
  record.cents = settlement.amount.cents();
  record.at = settlement.settled_at.value;
  record.requested_at = settlement.requested_at.value;
  return record;
}

Record parked_record(const payment::CorrelationId& id, payment::UtcMs at) {
  Record record = blank(RecordType::parked, id);
  record.at = at.value;
  return record;
}

std::vector<Record> copied_records(const Payment& payment) {
  Record head = blank(RecordType::copied, payment.id);
  head.attempt = payment.our_fault_mask;
  head.cents = payment.amount.cents();
  head.at = payment.accepted_at.value;
  head.requested_at = static_cast<std::int64_t>(payment.sequence);
  std::vector<Record> records{head};
  for (const AttemptView& attempt : payment.attempts()) {
    records.push_back(intent_record(payment.id, {.processor = attempt.processor,
                                                 .number = attempt.number,
                                                 .requested_at = attempt.requested_at}));
    if (!attempt.outcome) continue;
    records.push_back(refused_record(
        payment.id,
        {.processor = attempt.processor, .number = attempt.number, .reason = *attempt.outcome}));
  }
  if (payment.state == payment::State::parked) {
    records.push_back(parked_record(payment.id, payment.parked_at()));
  }
  for (std::size_t i = 1; i < records.size(); ++i) records[i].flags |= flag_continues;
  return records;
}

Intent intent_of(const Record& record) {
  return {.processor = record.processor,
          .number = record.attempt,
          .requested_at = {record.requested_at}};
}

std::string name_of(const Record& record) {
  std::array<char, max_name_bytes> text;
  std::memcpy(text.data(), reinterpret_cast<const char*>(&record) + offsetof(Record, id),
              text.size());
  return std::string(text.begin(), std::ranges::find(text, '\0'));
}

const char* fault_of(const Record& record) {
  switch (record.type) {
    case RecordType::processor_named:
      return is_processor(record.processor) ? nullptr : "a name for an impossible processor";
    case RecordType::accepted:
      return fault_of_accepted(record);
    case RecordType::intent:
      return is_processor(record.processor) ? nullptr : "an intent at an impossible processor";
    case RecordType::refused:
      return fault_of_refused(record);
    case RecordType::settled:
      return fault_of_settled(record);
    case RecordType::parked:
      return nullptr;
    case RecordType::copied:
      return has_amount(record) && record.flags == 0 ? nullptr : "a copy with impossible fields";
  }
  return "a record of an unknown type";
}

}  // namespace payswitch::store::embedded
