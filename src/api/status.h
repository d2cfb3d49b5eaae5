#pragma once

#include <string_view>

#include "api/waiters.h"
#include "http/message.h"
#include "platform/loop.h"
#include "store/store.h"

namespace payswitch::api {

// GET /payments/{id}: the state of now, where a settlement counts as soon as it was read. With
// ?wait=2s: answers as soon as the payment is settled or parked, durably, or when the time is over,
// or when the client will send no more (it may have gone), with the state that the payment has
// then; an end that is not durable yet is waited for. One beyond the limits of Waiters is answered
// 503.
class Status {
 public:
  static constexpr std::chrono::milliseconds max_wait{60'000};

  Status(store::Store& store, platform::Timers& timers) : store_(store), timers_(timers) {}

  void operator()(const http::Request& request, std::string_view id, http::Responder respond);

  // Answers all who wait with the state of now; from then on nobody waits.
  void stop_waiting();

  // Tells those who wait.
  void ended(const payment::CorrelationId& id);

 private:
  void wait(const payment::CorrelationId& id, std::chrono::milliseconds time,
            http::Responder respond);
  void end_wait(const payment::CorrelationId& id, std::uint64_t number);
  void answer(const payment::CorrelationId& id, http::Responder respond);
  void answer_durably(const payment::CorrelationId& id, http::Responder respond);
  void answer_with(const store::Store::Found& found, http::Responder respond) const;

  store::Store& store_;
  platform::Timers& timers_;
  Waiters waiters_;
  std::uint64_t last_waiter_ = 0;
  bool waiting_is_over_ = false;
};

}  // namespace payswitch::api
