#pragma once

#include <cstddef>
#include <cstdint>
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

  // How it looks to a first attempt. When it was never tried whether it can be connected to,
  // payments wait for it; when it may be away they do not, and seek() tries.
  routing::Standing standing(platform::Instant now) const;
  // Something was learnt of it since: an answer, or that it cannot be reached.
  bool was_heard_since(platform::Instant moment) const { return heard_at_ >= moment; }

  // Tries to connect to a processor that may be away. Called while payments wait for a processor.
  void seek(platform::Instant now);

  // A free slot for a GET or a POST that resolves: the tenth that first attempts do not get.
  bool has_room_to_resolve() const { return in_flight() < share_; }

  // Opens connections, `count` idle ones at most, unless the last try to connect failed a moment
  // ago.
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

  // Feeds breaker, limit and health with what happened to a POST. `id`: its payment, when it is
  // still open.
  void learn(const processor::PostEvent& event, routing::Breaker::Pass pass, platform::Instant now,
             const payment::CorrelationId* id = nullptr);
  void learn(const processor::HealthReport& report, platform::Instant at);
  // Another instance's breaker has opened.
  void peer_breaker_opened(platform::Instant now);
  // max_in_flight is shared by all instances (PROTOCOL 2.4).
  void share_with(std::uint32_t instances);
  void connect_failed(http::ConnectFailure failure, platform::Instant now);
  void connected() { reachable_ = true; }
  // Every breaker has been open for as long as dispatch rests.
  void rested(platform::Instant now);
  // Logs the state of a breaker whose changes were too many to log, when it has not changed for a
  // while. Called now and then.
  void log_settled_breaker(platform::Instant now);

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
  UpstreamCounters& counters() { return counters_; }
  const UpstreamCounters& counters() const { return counters_; }

 private:
  bool may_be_away() const;
  void log_if_changed(routing::BreakerState before, platform::Instant now);
  void log_breaker(std::uint64_t times);

  processor::Options options_;
  payment::ProcessorNumber number_;
  http::Client& client_;
  platform::Log& log_;
  platform::Duration probe_every_;
  routing::Breaker breaker_;
  routing::Limit limit_;
  routing::Health health_;
  processor::Channel channel_;
  std::uint32_t reserved_ = 0;
  std::uint32_t share_;    // of max_in_flight
  bool reachable_ = true;  // the last try to connect succeeded, or there was none
  platform::Instant connect_not_before_{};
  platform::Instant heard_at_{};
  UpstreamCounters counters_;
  platform::RepeatedLine refused_as_such_;
  platform::Repeats breaker_changes_{20};
};

}  // namespace payswitch::dispatch
