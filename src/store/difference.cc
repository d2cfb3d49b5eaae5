#include "store/difference.h"

#include <fmt/format.h>

#include <algorithm>

#include "payment/time.h"

namespace payswitch::store {

using payment::format_iso8601;

std::optional<std::string> difference(payment::Money accepted,
                                      const std::vector<AttemptView>& attempts,
                                      const Settlement& settlement) {
  const std::string_view flag = settlement.finding ? "" : ", and not flagged as a finding";
  if (settlement.amount != accepted) {
    return fmt::format("accepted with {} and booked with {}{}", accepted.to_string(),
                       settlement.amount.to_string(), flag);
  }
  const auto attempt = std::ranges::find(attempts, settlement.number, &AttemptView::number);
  if (attempt == attempts.end()) return std::nullopt;  // forgotten
  if (attempt->processor != settlement.processor) {
    return "settled at another processor than it was sent to";
  }
  if (attempt->requested_at != settlement.requested_at) {
    return fmt::format("sent with requestedAt {} and booked with {}{}",
                       format_iso8601(attempt->requested_at),
                       format_iso8601(settlement.requested_at), flag);
  }
  return std::nullopt;
}

}  // namespace payswitch::store
