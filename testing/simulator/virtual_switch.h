#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/composition/composition.h"
#include "platform/disk.h"
#include "platform/log.h"
#include "store/embedded/open.h"
#include "store/peers.h"
#include "store/shared/engine.h"
#include "testing/world/life.h"
#include "testing/world/network.h"
#include "testing/world/redis_client.h"
#include "testing/world/skewed_clock.h"
#include "testing/world/world.h"

namespace payswitch::lab::simulator {

// The processors that a run may have, cheapest first.
inline constexpr std::size_t max_processors = 3;
inline constexpr std::array<std::string_view, max_processors> processor_names = {
    "default", "fallback", "third"};

// What a client got.
struct Received {
  unsigned status = 0;
  std::string body;
  bool replayed = false;
  std::optional<payment::UtcMs> final_until = {};  // of a sum
};

struct SwitchSettings {
  dispatch::Options dispatch = {};
  routing::PolicyOptions policy = {};
  dispatch::Upstream::Routing routing = {};
  store::Options store = {};
  store::RedisOptions redis = {};
  std::chrono::milliseconds attempt_timeout{1'000};
  std::chrono::milliseconds hang_up{3'000};
  std::uint32_t max_in_flight = 800;
  std::optional<std::chrono::milliseconds> max_processing_time = {};
};

// The composition of the real switch (app/composition) on a virtual world: one process. It dies
// with the object; what it had under way dies with it.
class VirtualSwitch {
 public:
  // What it stands on; all outlive it. The processors are named by processor_names, in this order;
  // nullptr: that one is not configured.
  struct Seams {
    World& world;
    platform::Disk* disk = nullptr;  // of the embedded store
    VirtualRedis* redis = nullptr;   // of the store on Redis
    platform::Random& random;
    platform::Log& log;
    std::vector<Origin*> processors;
    std::vector<std::string> origins = {};  // where they are, as configured; empty: it is not said
    std::chrono::milliseconds wall_is_ahead{0};  // of the world's
  };
  using JournalFailed = std::function<void(const std::string& line)>;
  using Answered = std::move_only_function<void(const Received&)>;

  // An error is why the process did not start. `failed`: it would have ended at once.
  static std::expected<std::unique_ptr<VirtualSwitch>, std::string> start(
      const Seams& seams, const SwitchSettings& settings, JournalFailed failed);

  // A process on seams.redis; it takes requests once is_open().
  static std::unique_ptr<VirtualSwitch> join(const Seams& seams, const SwitchSettings& settings);
  bool is_open() const { return composition_ != nullptr && !is_closed_; }

  // SIGSTOP and SIGCONT. Requests that come in between wait in its socket.
  void sleep() { life_.sleep(); }
  void wake_up() { life_.wake_up(); }

  // A clean stop; `done` runs when the store has said so. It is to be destroyed then.
  void stop(platform::Callback done) { composition_->stop(std::move(done)); }

  // `answered` runs once, now or later, or never when the process dies before.
  void request(http::Method method, std::string_view target, std::string_view body,
               Answered answered);

  // What has not come to its end: payments, requests of clients, slots at processors. Empty when
  // all has.
  std::string open_work() const;

  dispatch::Dispatcher& dispatcher() { return composition_->dispatcher(); }
  store::Store& store() { return *store_; }
  VirtualClient& client(std::size_t processor) { return *clients_[processor]; }

 private:
  VirtualSwitch(const Seams& seams, const SwitchSettings& settings)
      : seams_(seams),
        settings_(settings),
        life_(seams.world),
        clock_(seams.world, seams.wall_is_ahead) {}

  void place_processors(store::Options& options) const;
  std::expected<void, std::string> open_embedded(JournalFailed failed);
  void join_group();
  void compose();
  app::Composition::Outside outside();
  void serve(http::Method method, std::string_view target, std::string_view body,
             Answered answered);

  Seams seams_;
  SwitchSettings settings_;
  Life life_;
  SkewedClock clock_;
  store::shared::Scripts scripts_;
  redis::Options redis_options_;
  std::unique_ptr<VirtualRedisClient> redis_;
  std::unique_ptr<store::Store> store_;
  store::SingleInstance single_instance_;
  store::Peers* peers_ = &single_instance_;
  const redis::Server* shared_server_ = nullptr;
  std::vector<std::unique_ptr<VirtualClient>> clients_;
  std::unique_ptr<app::Composition> composition_;  // null: the store is not open yet
  std::size_t unanswered_ = 0;
  bool is_closed_ = false;  // it stops
};

}  // namespace payswitch::lab::simulator
