#pragma once

#include <functional>
#include <utility>

#include "dispatch/processors_fixture.h"
#include "dispatch/scheduler.h"
#include "dispatch/store_fixture.h"

namespace payswitch::dispatch {

// A scheduler, woken by connections as Monitor wakes it. Its events go where the test says.
struct Scheduled : Shared {
  explicit Scheduled(const processor::Options& both = {}) : Shared(both) {}

  // Once, after the options have been set.
  void start() {
    scheduler.emplace(options, policy, platform, peers, upstreams, jobs, outage, budget, events);
    listen(cheap_upstream());
    listen(dear_upstream());
  }
  void listen(Upstream& upstream) {
    upstream.client().listen({
        .idle =
            [this, &upstream] {
              upstream.connected();
              scheduler->schedule_soon();
            },
        .connect_failed =
            [this, &upstream](http::ConnectFailure failure) {
              upstream.connect_failed(failure, world.now());
              outage.update();
              scheduler->connect_failed(upstream);
            },
    });
  }

  FakePeers peers;
  Scheduler::Events events;
  std::optional<Scheduler> scheduler;
};

}  // namespace payswitch::dispatch
