#include "dispatch/open_limit.h"

#include <fmt/format.h>

#include <algorithm>

namespace payswitch::dispatch {

std::uint64_t open_payments_carried(std::uint64_t memory_bytes) {
  return std::clamp(memory_bytes / 2 / open_payment_bytes, min_default_open_payments,
                    max_default_open_payments);
}

OpenLimit open_limit(std::optional<std::uint64_t> configured, const platform::MemoryLimit& memory) {
  const std::uint64_t carried = memory.bytes / 2 / open_payment_bytes;
  if (!configured) {
    return {.payments = open_payments_carried(memory.bytes),
            .why = "from " + to_string(memory),
            .warning = std::nullopt};
  }
  OpenLimit limit{.payments = *configured, .why = "as configured", .warning = std::nullopt};
  if (*configured > carried) {
    limit.warning = fmt::format(
        "limits.open_payments is {}, but half of {} carries {}: a long outage of the processors "
        "may end this process, and each that is started after it",
        *configured, to_string(memory), carried);
  }
  return limit;
}

}  // namespace payswitch::dispatch
