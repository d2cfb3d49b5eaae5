#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>

#include "http/message.h"
#include "store/store.h"
#include "world/loop.h"

namespace payswitch::api {

// GET /payments/{id}, and ?wait=2s: answers as soon as the payment is settled or parked, or when
// the time is over, with the state that it has then.
class Status {
 public:
  static constexpr std::size_t max_waiters = 10'000;  // one beyond is answered 503
  static constexpr std::chrono::milliseconds max_wait{60'000};

  Status(store::Store& store, world::Timers& timers) : store_(store), timers_(timers) {}

  void operator()(const http::Request& request, std::string_view id, http::Responder respond);

  // Answers all who wait with the state of now; from then on nobody waits.
  void stop_waiting();

  // Tells those who wait.
  void ended(const payment::CorrelationId& id);

 private:
  struct Waiter {
    http::Responder respond;
    world::TimerId timer = world::TimerId::none;
  };
  using Waiters = std::unordered_multimap<payment::CorrelationId, std::shared_ptr<Waiter>>;

  void wait(const payment::CorrelationId& id, std::chrono::milliseconds time,
            http::Responder respond);
  void answer(const payment::CorrelationId& id, http::Responder respond);

  store::Store& store_;
  world::Timers& timers_;
  Waiters waiters_;
  bool waiting_is_over_ = false;
};

}  // namespace payswitch::api
