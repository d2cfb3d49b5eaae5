#pragma once

#include <string>
#include <string_view>

#include "store/embedded/format.h"
#include "store/store.h"

// What the store is told, as records. Pure.
namespace payswitch::store::embedded {

Record named_record(payment::ProcessorNumber processor, std::string_view name);
Record accepted_record(const Acceptance& acceptance);
Record intent_record(const payment::CorrelationId& id, const Intent& intent);
Record refused_record(const payment::CorrelationId& id, const Refusal& refusal);
Record settled_record(const payment::CorrelationId& id, const Settlement& settlement);
Record parked_record(const payment::CorrelationId& id, payment::UtcMs at);

inline payment::CorrelationId id_of(const Record& record) {
  return payment::CorrelationId(record.id);
}

// Of an intent, and of an acceptance that carries one.
Intent intent_of(const Record& record);

// Of processor_named.
std::string name_of(const Record& record);

// Null when every field holds what its type allows; else what is wrong, for a person. A group with
// a right checksum holds such a record only by a bug.
const char* fault_of(const Record& record);

}  // namespace payswitch::store::embedded
