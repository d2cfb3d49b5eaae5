#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "platform/random.h"
#include "tools/contest/comparison.h"
#include "tools/contest/schedule.h"
#include "tools/load/outbox.h"
#include "tools/load/tally.h"

namespace payswitch::lab::contest {

// The clients of the contest, each with a connection of its own: pays, waits for the answer, rests,
// pays again, until the run is over. Latencies count from the start of the sending: as in the
// contest, a client that has to wait is a client that pays less. Loop thread only; lives until it
// is over.
class Payers {
 public:
  using MakeConnection = std::function<std::unique_ptr<http::Client>()>;

  Payers(const Schedule& schedule, MakeConnection make_connection, std::string target,
         platform::Timers& timers, const platform::Clock& clock, platform::Random& random);
  Payers(const Payers&) = delete;
  Payers& operator=(const Payers&) = delete;

  void start();

  // Every client has rested after its last payment.
  bool over() const { return done_ == schedule_.clients; }

  std::size_t clients() const { return clients_.size() - done_; }
  const load::Tally& tally() const { return tally_; }
  // By the stage in which a payment was sent.
  const std::vector<load::Tally>& by_stage() const { return by_stage_; }
  const Payments& payments() const { return payments_; }
  load::Tally take_recent() { return std::exchange(recent_, {}); }

 private:
  static constexpr platform::Duration timeout = std::chrono::seconds(10);

  struct Client {
    std::unique_ptr<http::Client> connection;
    std::unique_ptr<load::Outbox> outbox;
  };

  void add_client();
  void pay(load::Outbox& outbox);
  void note(const payment::CorrelationId& id, const load::Outbox::Result& result);

  const Schedule& schedule_;
  const MakeConnection make_connection_;
  const std::string target_;
  platform::Timers& timers_;
  const platform::Clock& clock_;
  platform::Random& random_;
  platform::Instant start_;
  std::vector<Client> clients_;
  std::size_t done_ = 0;
  Payments payments_;
  load::Tally tally_;
  load::Tally recent_;
  std::vector<load::Tally> by_stage_;
};

}  // namespace payswitch::lab::contest
