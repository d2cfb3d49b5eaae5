#pragma once

#include <string>

#include "payment/correlation_id.h"
#include "payment/money.h"
#include "platform/random.h"

namespace payswitch::lab::load {

// A random UUID (version 4).
payment::CorrelationId new_id(platform::Random& random);

// {"correlationId":"…","amount":19.90}
std::string payment_body(const payment::CorrelationId& id, payment::Money amount);

// What every payment of the contest is worth, and of the load too: 19.90.
inline payment::Money usual_amount() {
  return payment::Money::from_cents(1990);
}

}  // namespace payswitch::lab::load
