#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>

#include "dispatch/job.h"
#include "dispatch/options.h"
#include "dispatch/platform.h"
#include "dispatch/scheduler.h"
#include "dispatch/upstreams.h"
#include "processor/wire.h"

namespace payswitch::dispatch {

// Asks processors for a payment that they may have by a request that the store knows nothing of:
// the store has forgotten it (PROTOCOL 7.5), or is a copy that was restored (PROTOCOL 3.5). One GET
// at each processor of Job::ask_first_mask, one after the other; where there is no answer, it asks
// again after a back-off, as often as it takes. Nothing is sent for the payment until then. Loop
// thread only.
class AskFirst {
 public:
  struct Events {
    // The processor has it. The job is no longer being asked for; it counts until recorded().
    std::function<void(Job&, Upstream&, const processor::BookEntry&)> found;
    // No processor that was asked has it. From within start(), too.
    std::function<void(Job&)> not_found;
  };

  // All outlive it.
  AskFirst(const Options& options, const Platform& platform, const Upstreams& upstreams, Jobs& jobs,
           Scheduler& scheduler, Events events);

  // Asks at the processors of `mask`, all of them configured. With none, not_found() is called at
  // once. The job is not being asked for yet.
  void start(Job& job, std::uint32_t mask);

  // The first look that it requested from the scheduler has a connection, or got none.
  void connected(Job& job, Upstream& upstream, http::ConnectionId connection);
  void connect_failed(Job& job) { ask_later(job); }

  // What was found is on record: a restart goes back to that processor.
  void recorded() { --asking_; }

  // The payments that are being asked for, or were found and are not on record yet.
  std::size_t asking() const { return asking_; }

 private:
  using Entry = std::expected<processor::BookEntry, processor::NoEntry>;

  void ask_next(Job& job);
  void answered(Job& job, Upstream& upstream, const Entry& entry);
  void ask_later(Job& job);

  const Options& options_;
  const Platform platform_;
  const Upstreams& upstreams_;
  Jobs& jobs_;
  Scheduler& scheduler_;
  const Events events_;
  std::size_t asking_ = 0;
};

}  // namespace payswitch::dispatch
