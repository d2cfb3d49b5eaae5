#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/metrics.h"
#include "api/options.h"
#include "api/payment_routes.h"
#include "api/router.h"
#include "app/composition/drain.h"
#include "dispatch/dispatcher.h"
#include "dispatch/platform.h"
#include "platform/loop.h"
#include "processor/options.h"
#include "store/options.h"
#include "store/peers.h"
#include "store/store.h"

namespace payswitch::app {

// The switch itself, once: what takes a request, decides and remembers. `payswitch serve` builds it
// on the real platform, the simulator on a virtual one; they differ in what they hand in, and in
// nothing else. Loop thread only. Members are destroyed in the opposite order of a payment's way.
class Composition {
 public:
  struct Settings {
    dispatch::Options dispatch = {};
    routing::PolicyOptions policy = {};
    dispatch::Upstream::Routing routing = {};
    api::Options api = {};
    store::Restored restored = store::Restored::unset;  // what the operator says of the store
  };

  // All of it outlives the composition.
  using Platform = dispatch::Platform;

  struct Processor {
    processor::Options options;
    http::Client& client;
  };

  // What is known where requests come in, and is asked for when they are answered.
  struct Outside {
    Drain::Door door;
    std::function<std::string()> durability;              // in words, for GET /readyz
    std::function<void(api::Sources& sources)> complete;  // adds its own to what GET /metrics shows
  };

  // `store` is open: its names hold those of all `processors`.
  Composition(const Settings& settings, const Platform& platform, store::Store& store,
              store::Peers& peers, const std::vector<Processor>& processors, Outside outside);
  Composition(const Composition&) = delete;
  Composition& operator=(const Composition&) = delete;

  // Takes up what was open, and says what the operator must know. Once, when the loop is about to
  // run.
  void start();

  // Every route.
  void answer(const http::Request& request, http::Responder respond) {
    router_(request, std::move(respond));
  }

  // Calls `done` when all that can end has ended; nothing more is sent from now on. Once.
  void stop(platform::Callback done);

  dispatch::Dispatcher& dispatcher() { return dispatcher_; }
  const dispatch::Dispatcher& dispatcher() const { return dispatcher_; }

 private:
  std::vector<std::unique_ptr<dispatch::Upstream>> make_upstreams(
      const Settings& settings, const std::vector<Processor>& processors) const;
  void add_routes();
  void answer_metrics(http::Responder respond) const;

  const Platform platform_;
  store::Store& store_;
  const Outside outside_;
  dispatch::Dispatcher dispatcher_;
  api::Counters counters_;
  api::PaymentRoutes payments_;
  api::Router router_;
  Drain drain_;
};

}  // namespace payswitch::app
