#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/outcome.h"
#include "payment/processor_number.h"
#include "payment/time.h"
#include "redis/client.h"
#include "store/shared/scripts.h"
#include "store/store.h"

namespace payswitch::store::shared {

// One step of one payment, small enough to be remembered and done again.
struct Operation {
  enum class Kind : std::uint8_t { accept, intend, refuse, mark_unknown, settle, park };

  Kind kind = Kind::accept;
  bool admit_new = true;                                       // accept
  bool finding = false;                                        // settle
  payment::Outcome reason = payment::Outcome::refused;         // refuse
  payment::ProcessorNumber processor = payment::no_processor;  // accept: none without an intent
  std::uint32_t number = 0;                                    // of the attempt
  std::uint64_t token = 0;                                     // accept: counts this process's own
  payment::CorrelationId id{};
  payment::Money amount{};        // accept; settle: what was booked
  payment::UtcMs at{};            // acceptedAt, settledAt, when it was parked
  payment::UtcMs requested_at{};  // accept with an intent, intend, settle
};

Operation accept_operation(const Acceptance& acceptance, std::uint64_t token);
OpenPayment open_of(const Operation& accept);  // once it ran
Operation intend_operation(const payment::CorrelationId& id, const Intent& intent);
Operation refuse_operation(const payment::CorrelationId& id, const Refusal& refusal);
Operation mark_unknown_operation(const payment::CorrelationId& id, std::uint32_t number);
Operation settle_operation(const payment::CorrelationId& id, const Settlement& settlement);
Operation park_operation(const payment::CorrelationId& id, payment::UtcMs at);

// Nothing waits for the result of an attempt; it runs before the next intent all the same.
wire::Flush haste_of(Operation::Kind kind);

// An operation as a call: `script` with these keys and arguments.
struct Call {
  const wire::Script* script = nullptr;
  std::vector<std::string> keys;
  std::vector<std::string> arguments;
};

// Who speaks. `process` tells this process's accepts from all others', whatever name the instance
// goes by; both without ':'.
struct Speaker {
  std::string instance;
  std::string process;
};

// `owner`: whose the payment is, for a settlement; the speaker's for everything else.
Call call_of(const Operation& operation, const Scripts& scripts, const Speaker& speaker,
             const std::string& owner);

}  // namespace payswitch::store::shared
