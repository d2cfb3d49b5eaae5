#include "store/archive/settled_payment.h"

namespace payswitch::store::archive {

PaymentView SettledPayment::view() const {
  return {.id = id,
          .amount = amount,
          .state = payment::State::settled,
          .accepted_at = accepted_at,
          .processor = settlement.processor,
          .requested_at = settlement.requested_at,
          .settled_at = settlement.settled_at,
          .booked_amount = settlement.amount,
          .finding = settlement.finding,
          .attempts_made = attempts.back().number,
          .attempts = attempts};
}

bool SettledPayment::is_plain() const {
  if (attempts.size() != 1) return false;
  const AttemptView& only = attempts.front();
  return only.number == 1 && settlement.number == 1 && !settlement.finding &&
         only.processor == settlement.processor && only.requested_at == settlement.requested_at &&
         only.outcome == payment::Outcome::taken && amount == settlement.amount;
}

}  // namespace payswitch::store::archive
