#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "books/books.h"
#include "payment/money.h"
#include "platform/clock.h"
#include "testing/simulator/processor.h"
#include "testing/simulator/virtual_switch.h"

namespace payswitch::lab::simulator {

// The n-th payment's id, and back.
payment::CorrelationId id_of(std::uint32_t n);
std::uint32_t number_of(const payment::CorrelationId& id);

// Judges a run by what is seen from outside: what arrives at the processors, what they book and
// answer, and what clients are told. The first violation stands.
class Judge : public Watcher {
 public:
  virtual void sent(std::uint32_t n, payment::Money amount) = 0;
  virtual void answered_client(std::uint32_t n, payment::Money amount,
                               const Received& received) = 0;
  // An answer of GET /payments/{id}, and of GET /payments-summary, that was asked for then. It is
  // of any moment since.
  struct Asked {
    platform::Instant at;
    payment::UtcMs wall;
    bool waits = false;  // with ?wait=: the end of a payment is told only when it is durable
  };
  virtual void saw_status(std::uint32_t n, const Asked& asked, const Received& received) = 0;
  virtual void saw_summary(const books::Window& window, const Asked& asked,
                           const Received& received) = 0;

  // Something is wrong that others found.
  virtual void accuse(std::string what) = 0;

  virtual const std::optional<std::string>& violation() const = 0;
  virtual std::uint32_t payments() const = 0;
  // The times at which the books of any processor have an entry: where windows are best cut.
  virtual const std::vector<payment::UtcMs>& booked_times() const = 0;
};

}  // namespace payswitch::lab::simulator
