#pragma once

#include <array>
#include <expected>

#include "api/counters.h"
#include "dispatch/dispatcher.h"
#include "http/json_fields.h"
#include "http/message.h"
#include "http/problem.h"
#include "payment/correlation_id.h"
#include "payment/money.h"
#include "world/clock.h"

namespace payswitch::api {

// POST /payments: reads the payment, hands it to dispatch, and answers when the verdict is durable.
//   202  kept; `Idempotent-Replayed: true` when it was before
//   400  not a payment; 415 not JSON; 422 the id is known with another amount
//   503  beyond the limits, stopping, or no room on the disk: not kept, try again
class Accept {
 public:
  Accept(dispatch::Dispatcher& dispatcher, const world::Clock& clock, Counters& counters)
      : dispatcher_(dispatcher), clock_(clock), counters_(counters) {}

  void operator()(const http::Request& request, http::Responder respond);

 private:
  struct Payment {
    payment::CorrelationId id;
    payment::Money amount;
  };
  std::expected<Payment, http::Problem> read(const http::Request& request);

  dispatch::Dispatcher& dispatcher_;
  const world::Clock& clock_;
  Counters& counters_;
  std::array<http::JsonField, 2> fields_{http::JsonField{.name = "correlationId"},
                                         http::JsonField{.name = "amount"}};  // reused
};

}  // namespace payswitch::api
