#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "dispatch/job.h"
#include "dispatch/options.h"
#include "dispatch/outage.h"
#include "dispatch/platform.h"
#include "dispatch/retry.h"
#include "dispatch/upstreams.h"
#include "routing/options.h"
#include "store/samples_fixture.h"
#include "testing/world/log.h"
#include "testing/world/network.h"
#include "testing/world/processor.h"
#include "testing/world/random.h"
#include "testing/world/world.h"

namespace payswitch::dispatch {

inline processor::Options with_slots(std::uint32_t max_in_flight) {
  processor::Options options;
  options.max_in_flight = max_in_flight;
  return options;
}
inline processor::Options released_after(std::chrono::milliseconds max_processing_time) {
  processor::Options options;
  options.max_processing_time = max_processing_time;
  return options;
}

// Two processors, a cheap one (number 0) and a dear one (number 1), in a virtual world, and what
// every part of dispatch shares.
struct TwoProcessors {
  // `both`: what their options have in common.
  explicit TwoProcessors(const processor::Options& both = {}) {
    std::vector<std::unique_ptr<Upstream>> list;
    // The dear one first: Upstreams sorts them.
    list.push_back(make_upstream(both, "dear", store::dear, 150'000, dear_client));
    list.push_back(make_upstream(both, "cheap", store::cheap, 50'000, cheap_client));
    made = std::move(list);
  }

  std::unique_ptr<Upstream> make_upstream(processor::Options options, const char* name,
                                          payment::ProcessorNumber number, std::int64_t fee_ppm,
                                          http::Client& client) {
    options.name = options.host = name;
    options.fee_ppm = fee_ppm;
    return std::make_unique<Upstream>(options, number, Upstream::Routing{},
                                      *processor::find_dialect("rinha"), client, world, world, log);
  }

  // Lets both have `count` idle connections.
  void connect(std::size_t count) {
    cheap_client.want(count);
    dear_client.want(count);
    world.run_for(std::chrono::milliseconds(1));
  }

  lab::World world;
  lab::SeededRandom random{1};
  lab::CollectedLog log;
  lab::VirtualProcessor cheap_processor{world};
  lab::VirtualProcessor dear_processor{world};
  lab::VirtualClient cheap_client{world, world, cheap_processor};
  lab::VirtualClient dear_client{world, world, dear_processor};
  Platform platform{world, world, world, random, log};
  std::vector<std::unique_ptr<Upstream>> made;  // to be moved into Upstreams
};

// The same, with what the parts beside Dispatcher share.
struct Shared : TwoProcessors {
  explicit Shared(const processor::Options& both = {}) : TwoProcessors(both) {}

  Upstream& cheap_upstream() { return upstreams.of(store::cheap); }
  Upstream& dear_upstream() { return upstreams.of(store::dear); }

  // An open payment of `number`, that has waited for `waited`.
  Job& add_job(std::uint32_t number, platform::Duration waited = {}) {
    Job& job = jobs.add();
    job.id = store::test_id(number);
    job.amount = store::cents(1990);
    job.accepted_at = world.wall();
    job.waiting_since = world.now() - waited;
    jobs.mark_open(job);
    return job;
  }
  // Opens its breaker, as a wrong key does.
  void open_breaker(Upstream& upstream) {
    upstream.learn(
        {.kind = processor::PostEvent::Kind::answered, .outcome = payment::Outcome::misconfigured},
        upstream.breaker().free_pass(), world.now());
    outage.update();
  }

  Options options;
  routing::PolicyOptions policy;
  Upstreams upstreams{std::move(made)};
  Jobs jobs{world};
  RetryBudget budget{options, world.now()};
  int rests_ended = 0;
  Outage outage{options.rest, platform, upstreams, [this] { ++rests_ended; }};
};

}  // namespace payswitch::dispatch
