#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/journal/format.h"
#include "store/store.h"

// What the store is told, as records. Pure.
namespace payswitch::store::journal {

Record named_record(payment::ProcessorNumber processor, std::string_view name);
Record accepted_record(const Acceptance& acceptance);
Record intent_record(const payment::CorrelationId& id, const Intent& intent);
Record refused_record(const payment::CorrelationId& id, const Refusal& refusal);
Record settled_record(const payment::CorrelationId& id, const Settlement& settlement);
Record parked_record(const payment::CorrelationId& id, payment::UtcMs at);

// Without what a record of its type holds beside the id.
Record blank_record(RecordType type, const payment::CorrelationId& id);

// All pieces of it, which belong together. 1 to max_origin_bytes of printable ASCII.
std::vector<Record> origin_records(payment::ProcessorNumber processor, std::string_view origin);
Record restored_record(bool restored, payment::UtcMs at);
Record told_record(payment::UtcMs told);
Record clean_stop_record(payment::UtcMs at);

// The most that it takes to tell a payment again: they fit into one batch.
inline constexpr std::size_t max_carried_records = 2 + 2 * max_attempts_remembered;

// Not the first one of a payment that is carried forward, or of an origin.
inline bool continues(const Record& record) {
  return record.type != RecordType::processor_named && (record.flags & flag_continues) != 0;
}

inline payment::CorrelationId id_of(const Record& record) {
  return payment::CorrelationId(record.id);
}

// Of an intent, and of an acceptance that carries one.
Intent intent_of(const Record& record);

// Of processor_named.
std::string name_of(const Record& record);

// The piece that this processor_origin holds.
std::string origin_piece_of(const Record& record);

// Null when every field holds what its type allows; else what is wrong, for a person. A batch with
// a right checksum holds such a record only by a bug.
const char* fault_of(const Record& record);

}  // namespace payswitch::store::journal
