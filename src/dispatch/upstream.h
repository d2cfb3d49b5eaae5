#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "dispatch/counters.h"
#include "http/client.h"
#include "payment/processor_number.h"
#include "platform/log.h"
#include "platform/repeats.h"
#include "processor/channel.h"
#include "routing/breaker.h"
#include "routing/health.h"
#include "routing/limit.h"
#include "routing/policy.h"

namespace payswitch::dispatch {

// Names a payment's job for as long as it is open; later it names nothing.
struct JobRef {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
};

// One processor as dispatch sees it: what is known of it (breaker, limit, health), what is on its
// way to it, and the way there.
class Upstream {
 public:
  struct Routing {
    routing::BreakerOptions breaker;
    routing::LimitOptions limit;
    routing::HealthOptions health;
  };

  Upstream(const processor::Options& options, payment::ProcessorNumber number,
           const Routing& routing, const processor::Dialect& dialect, http::Client& client,
           platform::Timers& timers, const platform::Clock& clock, platform::Log& log);

  // How it looks to a first attempt. One that nothing is known of to connect to is waited for; one
  // that may be away is tried behind the payments' backs, by seek().
  routing::Standing standing(platform::Instant now) const;
  // Something was learnt of it since: an answer, or that it cannot be reached.
  bool was_heard_since(platform::Instant moment) const { return heard_at_ >= moment; }

  // Looks for a connection to a processor that may be away, when a payment would go there if it had
  // one.
  void seek(platform::Instant now);

  // A free slot for a GET or a POST that resolves: the tenth that first attempts do not get.
  bool has_room_to_resolve() const { return in_flight() < share_; }

  // Sees to it that connections come, unless the last try to connect failed a moment ago.
  void want_connections(std::size_t count, platform::Instant now);
  // When want_connections() does nothing until then.
  std::optional<platform::Instant> connect_pause(platform::Instant now) const;

  // A slot and a connection for an intent that is being made durable.
  struct Reservation {
    http::ConnectionId connection{};
    routing::Breaker::Pass pass;
  };
  std::optional<Reservation> reserve(platform::Instant now);
  void cancel(const Reservation& reservation);
  void begin();  // the POST takes the slot over

  // Feeds breaker, limit and health with what happened to a POST: of that payment, if it is still
  // open.
  void learn(const processor::PostEvent& event, routing::Breaker::Pass pass, platform::Instant now,
             const payment::CorrelationId* id = nullptr);
  void learn(const processor::HealthReport& report, platform::Instant at);
  // Another instance's breaker has opened.
  void heard_of_failures(platform::Instant now);
  // max_in_flight is the whole group's (PROTOCOL 2.4).
  void share_with(std::uint32_t instances);
  void connect_failed(http::ConnectFailure failure, platform::Instant now);
  void connected() { reachable_ = true; }
  // Every breaker has been open for as long as dispatch rests.
  void rested(platform::Instant now);
  // A breaker that kept changing in silence and has come to rest: where. Called now and then.
  void say_what_was_folded(platform::Instant now);

  std::uint32_t in_flight() const { return channel_.outstanding() + reserved_; }
  std::uint32_t busy() const { return channel_.posts_outstanding() + reserved_; }
  // Of first attempts, now.
  std::uint32_t limit() const;

  const processor::Options& options() const { return options_; }
  payment::ProcessorNumber number() const { return number_; }
  // Whether the bit of its number is set.
  bool is_in(std::uint32_t mask) const { return (mask >> number_ & 1) != 0; }
  const routing::Breaker& breaker() const { return breaker_; }
  const routing::Health& health() const { return health_; }
  routing::Health& health() { return health_; }
  processor::Channel& channel() { return channel_; }
  http::Client& client() { return client_; }
  const http::Client& client() const { return client_; }
  LaneCounters& counters() { return counters_; }
  const LaneCounters& counters() const { return counters_; }

  // Steps of resolutions that wait for a slot and a connection, oldest first.
  struct Step {
    JobRef job;
    bool is_post = false;
  };
  std::deque<Step>& steps() { return steps_; }

 private:
  bool may_be_away() const;
  void say_if_changed(routing::BreakerState before, platform::Instant now);
  void say_breaker(std::uint64_t times);

  processor::Options options_;
  payment::ProcessorNumber number_;
  http::Client& client_;
  platform::Log& log_;
  platform::Duration probe_every_;
  routing::Breaker breaker_;
  routing::Limit limit_;
  routing::Health health_;
  processor::Channel channel_;
  std::deque<Step> steps_;
  std::uint32_t reserved_ = 0;
  std::uint32_t share_;    // of max_in_flight
  bool reachable_ = true;  // the last try to connect succeeded, or there was none
  platform::Instant connect_not_before_{};
  platform::Instant heard_at_{};
  LaneCounters counters_;
  platform::RepeatedLine refused_as_such_;
  platform::Repeats breaker_changes_{20};
};

}  // namespace payswitch::dispatch
