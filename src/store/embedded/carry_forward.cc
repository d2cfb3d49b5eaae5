#include "store/embedded/carry_forward.h"

namespace payswitch::store::embedded {

std::vector<journal::Record> carried_forward_records(const Payment& payment) {
  journal::Record head = journal::blank_record(journal::RecordType::carried_forward, payment.id);
  head.attempt = payment.our_fault_mask;
  head.cents = payment.amount.cents();
  head.at = payment.accepted_at.value;
  head.requested_at = static_cast<std::int64_t>(payment.sequence);
  std::vector<journal::Record> records{head};
  for (const AttemptView& attempt : payment.attempts()) {
    records.push_back(journal::intent_record(payment.id, {.processor = attempt.processor,
                                                          .number = attempt.number,
                                                          .requested_at = attempt.requested_at}));
    if (!attempt.outcome) continue;
    records.push_back(journal::refused_record(
        payment.id,
        {.processor = attempt.processor, .number = attempt.number, .reason = *attempt.outcome}));
  }
  if (payment.state == payment::State::parked) {
    records.push_back(journal::parked_record(payment.id, payment.parked_at()));
  }
  for (std::size_t i = 1; i < records.size(); ++i) records[i].flags |= journal::flag_continues;
  return records;
}

}  // namespace payswitch::store::embedded
