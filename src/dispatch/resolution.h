#pragma once

#include <functional>

#include "dispatch/job.h"
#include "dispatch/options.h"
#include "dispatch/outage.h"
#include "dispatch/platform.h"
#include "dispatch/retry.h"
#include "dispatch/scheduler.h"
#include "dispatch/upstreams.h"
#include "platform/repeats.h"
#include "processor/wire.h"

namespace payswitch::dispatch {

// Sees an attempt through, from its durable intent to the processor's word: charged, or refused. A
// thin loop around Attempt, which decides: it posts, asks, waits and repeats as the attempt says,
// and lets the upstream learn from every answer (PROTOCOL 3). Loop thread only.
class Resolution {
 public:
  struct Events {
    // Charged, as the processor's books say. Ends the job.
    std::function<void(Job&, const processor::BookEntry&)> settled;
    // Every request of the attempt was refused, or it was released. Ends the attempt.
    std::function<void(Job&, payment::Outcome)> refused;
    // Whether the attempt charged it is not known. At most once an attempt.
    std::function<void(Job&)> became_unknown;
  };

  // All outlive it. Each repeat spends from `budget`.
  Resolution(const Options& options, const Platform& platform, const Upstreams& upstreams,
             Jobs& jobs, Scheduler& scheduler, Outage& outage, RetryBudget& budget, Events events);

  // The intent of its attempt is durable: the POST starts on the connection that it has reserved.
  void begin(Job& job);

  // Its attempt is one of an earlier life, or of another instance: goes on at Attempt::wake_at().
  void take_up(Job& job);

  // The GET or POST that it requested from the scheduler has a connection, or got none.
  void connected(Job& job, Upstream& upstream, http::ConnectionId connection,
                 Scheduler::Exchange exchange);
  void connect_failed(Job& job) { resume(job, {.kind = Event::Kind::unable}); }

  // Nothing is repeated any more; what is in flight may end.
  void stop() { is_stopping_ = true; }

 private:
  void post(Job& job, Upstream& upstream, http::ConnectionId connection,
            routing::Breaker::Pass pass);
  void post_ended(JobRef ref, Upstream& upstream, routing::Breaker::Pass pass,
                  const processor::PostEvent& event);
  void note_written(JobRef ref);
  void ask(Job& job, Upstream& upstream, http::ConnectionId connection);
  void resume(Job& job, Event event);
  void act(Job& job, const Action& action);
  void note_contradiction(const Job& job, Upstream& upstream);
  void set_timer(Job& job);
  void wake(Job& job);

  const Options& options_;
  const Platform platform_;
  const Upstreams& upstreams_;
  Jobs& jobs_;
  Scheduler& scheduler_;
  Outage& outage_;
  RetryBudget& budget_;
  const Events events_;
  bool is_stopping_ = false;
  platform::RepeatedLine contradiction_{10};
};

}  // namespace payswitch::dispatch
