#pragma once

#include <array>
#include <expected>
#include <optional>
#include <string>

#include "api/counters.h"
#include "api/options.h"
#include "dispatch/dispatcher.h"
#include "http/json_fields.h"
#include "http/message.h"
#include "http/problem.h"
#include "payment/correlation_id.h"
#include "payment/money.h"
#include "platform/clock.h"

namespace payswitch::api {

// POST /payments: reads the payment, hands it to dispatch, and answers when the verdict is durable.
//   202  kept; `Idempotent-Replayed: true` when it was before
//   400  not a payment, or one with a field that is not known; 415 not JSON in UTF-8, or coded
//   422  the id is known with another amount
//   503  beyond the limits, stopping, or no room on the disk: not kept, try again
class Accept {
 public:
  Accept(const Options& options, dispatch::Dispatcher& dispatcher, const platform::Clock& clock,
         Counters& counters)
      : options_(options), dispatcher_(dispatcher), clock_(clock), counters_(counters) {}

  void operator()(const http::Request& request, http::Responder respond);

 private:
  struct Payment {
    payment::CorrelationId id;
    payment::Money amount;
  };
  std::expected<Payment, http::Problem> read(const http::Request& request);

  const Options options_;
  dispatch::Dispatcher& dispatcher_;
  const platform::Clock& clock_;
  Counters& counters_;
  std::array<http::JsonField, 2> fields_{http::JsonField{.name = "correlationId"},
                                         http::JsonField{.name = "amount"}};  // reused
  std::optional<std::string> unknown_;  // the first field beyond them
};

}  // namespace payswitch::api
