#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "http/message.h"
#include "payment/correlation_id.h"
#include "platform/loop.h"

namespace payswitch::api {

// The clients that wait for the end of a payment. Each step but take_all() takes a time that does
// not grow with their number. Loop thread only.
class Waiters {
 public:
  static constexpr std::size_t max_waiters = 10'000;  // together
  static constexpr std::size_t max_waiters_of_one = 16;

  struct Waiter {
    std::uint64_t number = 0;  // names it among all, also after its end
    http::Responder respond;
    platform::TimerId timer = platform::TimerId::none;
  };

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  bool has_room_for(const payment::CorrelationId& id) const;

  // There must be room for it.
  void add(const payment::CorrelationId& id, Waiter waiter);

  // nullopt: it waits no more.
  std::optional<Waiter> take(const payment::CorrelationId& id, std::uint64_t number);
  // Those that wait for this payment, in the order in which they came.
  std::vector<Waiter> take_all(const payment::CorrelationId& id);

  // A payment that somebody waits for; there must be one.
  payment::CorrelationId any() const { return by_payment_.begin()->first; }

 private:
  std::unordered_map<payment::CorrelationId, std::vector<Waiter>> by_payment_;
  std::size_t size_ = 0;
};

}  // namespace payswitch::api
