#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/accept.h"
#include "api/router.h"
#include "api/status.h"
#include "api/summary.h"
#include "dispatch/dispatcher.h"
#include "lab/world/disk.h"
#include "lab/world/life.h"
#include "lab/world/log.h"
#include "lab/world/network.h"
#include "lab/world/processor.h"
#include "lab/world/world.h"
#include "store/embedded/engine.h"

namespace payswitch::lab {

// What a client got.
struct Received {
  unsigned status = 0;
  std::string body;
  bool replayed = false;
};

// The real api, dispatch, routing and store of one switch process. It dies with the object.
class VirtualSwitch {
 public:
  struct Settings {
    dispatch::Options dispatch = {};
    routing::PolicyOptions policy = {};
    dispatch::Lane::Routing routing = {};
    store::Options store = {};
    std::chrono::milliseconds attempt_timeout{1'000};
    std::chrono::milliseconds hang_up{3'000};
    std::optional<std::chrono::milliseconds> max_processing_time = {};
  };

  VirtualSwitch(World& world, VirtualDisk& disk, SeededChance& chance, CollectedLog& log,
                std::array<VirtualProcessor*, 2> processors, const Settings& settings);

  // Answers arrive in `received` when they are there.
  void request(http::Method method, std::string_view target, std::string_view body,
               Received& received);

  dispatch::Dispatcher& dispatcher() { return *dispatcher_; }
  store::Store& store() { return *store_; }
  VirtualClient& client(std::size_t processor) { return *clients_[processor]; }

 private:
  void add_routes();

  Life life_;
  world::Clock& clock_;
  std::unique_ptr<store::Store> store_;
  std::vector<std::unique_ptr<VirtualClient>> clients_;
  std::optional<dispatch::Dispatcher> dispatcher_;
  api::Counters counters_;
  std::optional<api::Accept> accept_;
  std::optional<api::Summary> summary_;
  std::optional<api::Status> status_;
  api::Router router_;
};

// A switch, two processors and a client in one virtual world.
class Town {
 public:
  explicit Town(std::uint64_t seed = 1, VirtualSwitch::Settings settings = {});

  void start();
  void kill();       // the process dies; what the kernel has stays
  void power_cut();  // the machine dies; what was not synced may go

  // Sends the n-th payment of n x 0.01 + 19.90; the answer is in received(n).
  void pay(int n) { pay(n, 1990 + n); }
  void pay(int n, std::int64_t cents);
  Received& received(int n) { return received_[n]; }
  static payment::CorrelationId id_of(int n);
  std::string state_of(int n);

  // Runs until nothing is open, within `at_most` of virtual time.
  bool drains(world::Duration at_most = std::chrono::minutes(5));

  // Every payment answered 202 stands once in exactly one processor's books, and the summary equals
  // them in windows cut at each requestedAt. Fails the test otherwise.
  void expect_books_equal();

  World world;
  SeededChance chance;
  VirtualDisk disk;
  CollectedLog log;
  VirtualProcessor cheap{world};
  VirtualProcessor dear{world};
  std::unique_ptr<VirtualSwitch> process;

 private:
  std::string summary(std::optional<payment::UtcMs> from, std::optional<payment::UtcMs> to);
  std::string expected_summary(payment::UtcMs from, payment::UtcMs to) const;

  VirtualSwitch::Settings settings_;
  std::map<int, Received> received_;
};

}  // namespace payswitch::lab
