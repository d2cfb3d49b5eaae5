#pragma once

#include "dispatch/outage.h"
#include "dispatch/platform.h"
#include "dispatch/request_times.h"
#include "dispatch/scheduler.h"
#include "dispatch/upstreams.h"
#include "http/client.h"
#include "store/peers.h"

namespace payswitch::dispatch {

// Learns about processors apart from payments: by connections, by health polls (one for all
// instances, PROTOCOL 7.7), and by what the peers have learnt. Tells the peers what we know. Loop
// thread only.
class Monitor {
 public:
  // All outlive it.
  Monitor(const Platform& platform, store::Peers& peers, const Upstreams& upstreams,
          RequestTimes& times, Outage& outage, Scheduler& scheduler);

  // To connections and peers. Once, before the peers are used in any other way.
  void listen();
  // Once, after that.
  void start_polling();
  // No poll begins any more.
  void stop() { is_stopping_ = true; }

 private:
  void listen_to(Upstream& upstream);
  void connect_failed(Upstream& upstream, http::ConnectFailure failure);

  void poll_when_due(Upstream& upstream);
  void claim_poll(Upstream& upstream, http::ConnectionId connection);
  void poll(Upstream& upstream, http::ConnectionId connection);

  void listen_to_peers();
  store::Peers::Report report() const;
  void peer_polled(payment::ProcessorNumber number, const store::Peers::Health& health);
  void peer_breaker_opened(payment::ProcessorNumber number);

  // After an upstream has learnt something.
  void processors_changed();

  const Platform platform_;
  store::Peers& peers_;
  const Upstreams& upstreams_;
  RequestTimes& times_;
  Outage& outage_;
  Scheduler& scheduler_;
  bool is_stopping_ = false;
};

}  // namespace payswitch::dispatch
