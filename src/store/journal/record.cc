#include "store/journal/record.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>

#include "store/origins.h"

namespace payswitch::store::journal {

namespace {

static_assert(sizeof(Record) - offsetof(Record, id) == max_name_bytes);

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

const char* fault_of_origin(const Record& record) {
  if ((record.flags & ~flag_continues) != 0) return "an origin with unknown flags";
  if (!is_processor(record.processor)) return "an origin of an impossible processor";
  if (record.attempt == 0 || record.attempt > max_origin_bytes) {
    return "an origin of an impossible length";
  }
  const std::string piece = origin_piece_of(record);
  const bool is_whole = piece.size() == std::min<std::size_t>(record.attempt, origin_piece_bytes);
  return is_whole && is_origin(piece) ? nullptr : "an origin with impossible characters";
}

const char* fault_of_fact(const Record& record) {
  const bool is_blank = record.flags == 0 && record.processor == payment::no_processor;
  const std::uint32_t most = record.type == RecordType::restored ? 1 : 0;
  return is_blank && record.attempt <= most ? nullptr : "a fact with impossible fields";
}

}  // namespace

Record blank_record(RecordType type, const payment::CorrelationId& id) {
  Record record{};
  record.type = type;
  record.processor = payment::no_processor;
  record.id = id.bytes();
  return record;
}

Record named_record(payment::ProcessorNumber processor, std::string_view name) {
  assert(!name.empty() && name.size() <= max_name_bytes);
  Record record{};
  record.type = RecordType::processor_named;
  record.processor = processor;
  std::memcpy(reinterpret_cast<char*>(&record) + offsetof(Record, id), name.data(), name.size());
  return record;
}

Record accepted_record(const Acceptance& acceptance) {
  Record record = blank_record(RecordType::accepted, acceptance.id);
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
  Record record = blank_record(RecordType::intent, id);
  record.processor = intent.processor;
  record.attempt = intent.number;
  record.requested_at = intent.requested_at.value;
  return record;
}

Record refused_record(const payment::CorrelationId& id, const Refusal& refusal) {
  Record record = blank_record(RecordType::refused, id);
  record.processor = refusal.processor;
  record.attempt = refusal.number;
  record.outcome = static_cast<std::uint8_t>(refusal.reason);
  return record;
}

Record settled_record(const payment::CorrelationId& id, const Settlement& settlement) {
  Record record = blank_record(RecordType::settled, id);
  record.flags = settlement.finding ? flag_finding : 0;
  record.processor = settlement.processor;
  record.attempt = settlement.number;
  record.cents = settlement.amount.cents();
  record.at = settlement.settled_at.value;
  record.requested_at = settlement.requested_at.value;
  return record;
}

Record parked_record(const payment::CorrelationId& id, payment::UtcMs at) {
  Record record = blank_record(RecordType::parked, id);
  record.at = at.value;
  return record;
}

std::vector<Record> origin_records(payment::ProcessorNumber processor, std::string_view origin) {
  assert(is_origin(origin));
  std::vector<Record> records;
  for (; !origin.empty(); origin.remove_prefix(std::min(origin.size(), origin_piece_bytes))) {
    Record record{};
    record.type = RecordType::processor_origin;
    record.flags = records.empty() ? 0 : flag_continues;
    record.processor = processor;
    record.attempt = static_cast<std::uint32_t>(origin.size());
    const auto piece = origin.substr(0, origin_piece_bytes);
    std::memcpy(reinterpret_cast<char*>(&record) + offsetof(Record, id), piece.data(),
                piece.size());
    records.push_back(record);
  }
  return records;
}

Record restored_record(bool restored, payment::UtcMs at) {
  Record record = blank_record(RecordType::restored, {});
  record.attempt = restored ? 1 : 0;
  record.at = at.value;
  return record;
}

Record told_record(payment::UtcMs told) {
  Record record = blank_record(RecordType::told, {});
  record.at = told.value;
  return record;
}

Record clean_stop_record(payment::UtcMs at) {
  Record record = blank_record(RecordType::clean_stop, {});
  record.at = at.value;
  return record;
}

Intent intent_of(const Record& record) {
  return {.processor = record.processor,
          .number = record.attempt,
          .requested_at = {record.requested_at}};
}

// What lies over the fields from `id` on.
std::string name_of(const Record& record) {
  std::array<char, max_name_bytes> text;
  std::memcpy(text.data(), reinterpret_cast<const char*>(&record) + offsetof(Record, id),
              text.size());
  return std::string(text.begin(), std::ranges::find(text, '\0'));
}

std::string origin_piece_of(const Record& record) {
  static_assert(origin_piece_bytes == max_name_bytes);
  return name_of(record);
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
    case RecordType::carried_forward:
      return has_amount(record) && record.flags == 0 ? nullptr : "a copy with impossible fields";
    case RecordType::processor_origin:
      return fault_of_origin(record);
    case RecordType::restored:
    case RecordType::told:
    case RecordType::clean_stop:
      return fault_of_fact(record);
  }
  return "a record of an unknown type";
}

}  // namespace payswitch::store::journal
