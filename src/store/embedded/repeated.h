#pragma once

#include "store/archive/settled_payment.h"
#include "store/embedded/applied.h"
#include "store/journal/format.h"

// What a record means whose payment is known already: it says again what is known and changes
// nothing (PROTOCOL 4.5), or it contradicts. Pure.
namespace payswitch::store::embedded {

inline constexpr Applied repeated{.changed = false};

constexpr Applied contradicts(const char* why) {
  return {.changed = false, .contradiction = why};
}

// The record is this attempt's intent.
bool is_intent_of(const journal::Record& record, const AttemptView& attempt);

// An acceptance, or a payment that is carried forward, whose payment is known.
Applied accepted_again(const journal::Record& record, const PaymentView& known);

// Any other record of a payment that is settled.
Applied settled_again(const journal::Record& record, const archive::SettledPayment& known);

}  // namespace payswitch::store::embedded
