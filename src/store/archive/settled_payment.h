#pragma once

#include <vector>

#include "store/store.h"

namespace payswitch::store::archive {

// All that is kept of a payment once it is settled.
struct SettledPayment {
  payment::CorrelationId id;
  payment::Money amount;  // as it was accepted
  payment::UtcMs accepted_at;
  Settlement settlement;
  std::vector<AttemptView> attempts;  // the remembered ones; never empty

  PaymentView view() const;

  // One attempt, booked as it was sent.
  bool is_plain() const;
};

}  // namespace payswitch::store::archive
