#include "store/embedded/repeated.h"

#include <algorithm>

namespace payswitch::store::embedded {

namespace {

bool is_same(const journal::Record& record, const Settlement& known) {
  return known.amount.cents() == record.cents && known.processor == record.processor &&
         known.number == record.attempt && known.requested_at.value == record.requested_at &&
         known.settled_at.value == record.at &&
         known.finding == ((record.flags & journal::flag_finding) != 0);
}

}  // namespace

bool is_intent_of(const journal::Record& record, const AttemptView& attempt) {
  return attempt.processor == record.processor && attempt.requested_at.value == record.requested_at;
}

Applied accepted_again(const journal::Record& record, const PaymentView& known) {
  if (known.amount.cents() != record.cents || known.accepted_at.value != record.at) {
    return contradicts("a payment accepted twice, differently");
  }
  if (record.type == journal::RecordType::carried_forward ||
      (record.flags & journal::flag_carries_intent) == 0) {
    return repeated;
  }
  const auto first = std::ranges::find(known.attempts, 1u, &AttemptView::number);
  if (first != known.attempts.end() && is_intent_of(record, *first)) return repeated;
  // The first attempt may have been forgotten, but not when it is the only one.
  const bool forgotten = known.attempts_made > max_attempts_remembered;
  return forgotten ? repeated : contradicts("a payment accepted twice, with two intents");
}

Applied settled_again(const journal::Record& record, const archive::SettledPayment& known) {
  if (record.type == journal::RecordType::settled) {
    return is_same(record, known.settlement) ? repeated
                                             : contradicts("a payment settled twice, differently");
  }
  if (record.type == journal::RecordType::parked) return contradicts("a settled payment is parked");
  const auto& attempts = known.attempts;
  if (record.attempt < attempts.front().number) return repeated;  // forgotten
  const auto attempt = std::ranges::find(attempts, record.attempt, &AttemptView::number);
  if (attempt == attempts.end()) return contradicts("a settled payment is attempted");
  const bool same = record.type == journal::RecordType::intent
                        ? is_intent_of(record, *attempt)
                        : attempt->outcome == static_cast<payment::Outcome>(record.outcome);
  return same ? repeated : contradicts("a settled payment's attempt, differently");
}

}  // namespace payswitch::store::embedded
