#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "dispatch/job.h"
#include "dispatch/options.h"
#include "dispatch/upstream.h"
#include "platform/loop.h"
#include "platform/random.h"
#include "processor/wire.h"

namespace payswitch::dispatch {

// Asks processors for a payment that they may have by a request that the store knows nothing of:
// the store has forgotten it (PROTOCOL 7.5), or is a copy that was restored (PROTOCOL 3.5). One GET
// at each processor of Job::ask_first_mask, one after the other; where there is no answer, it asks
// again after a back-off, as often as it takes. Nothing is sent for the payment until then. Loop
// thread only.
class AskFirst {
 public:
  // What it works with; all outlive it.
  struct World {
    const Options& options;
    const std::vector<std::unique_ptr<Upstream>>& upstreams;
    Jobs& jobs;
    platform::Timers& timers;
    platform::Random& random;
  };
  struct Events {
    // The processor has it. The job is no longer being asked for; it counts until recorded().
    std::function<void(Job&, Upstream&, const processor::BookEntry&)> found;
    // No processor that was asked has it.
    std::function<void(Job&)> nowhere;
    // Upstream::steps() has something new, or a slot or a connection is free.
    std::function<void()> pump;
  };

  AskFirst(const World& world, Events events) : world_(world), events_(std::move(events)) {}

  // Bit n of the result: processor n is configured.
  std::uint32_t everywhere() const;

  // Asks at the processors of `mask`, all of them configured. With none, nowhere() is called at
  // once. The job is not being asked for yet.
  void start(Job& job, std::uint32_t mask);
  // Its step has a slot and a connection.
  void ask(Job& job, Upstream& upstream, http::ConnectionId connection);
  // Its step had no connection.
  void later(Job& job);

  // What was found is on record: a restart goes back to that processor.
  void recorded() { --asking_; }

  static bool is_asking(const Job& job) { return job.ask_first_mask != 0; }
  // The payments that are being asked for, or were found and are not on record yet.
  std::size_t asking() const { return asking_; }

 private:
  using Entry = std::expected<processor::BookEntry, processor::NoEntry>;

  void next(Job& job);
  void answered(Job& job, Upstream& upstream, const Entry& entry);

  World world_;
  Events events_;
  std::size_t asking_ = 0;
};

}  // namespace payswitch::dispatch
