#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "dispatch/job.h"
#include "dispatch/options.h"
#include "dispatch/outage.h"
#include "dispatch/platform.h"
#include "dispatch/queue.h"
#include "dispatch/retry.h"
#include "dispatch/upstreams.h"
#include "platform/clock.h"
#include "platform/loop.h"
#include "routing/policy.h"
#include "store/peers.h"

namespace payswitch::dispatch {

// Owns what waits for a processor, and decides who gets its next slot and connection: payments that
// need an attempt, first come, first served, and, before these, exchanges for payments that may be
// charged already. It knows nothing of stores and answers: what got a connection is handed over by
// an event. Loop thread only.
class Scheduler {
 public:
  // A slot and a connection at a processor, held for one payment.
  struct Assignment {
    Upstream& upstream;
    Upstream::Reservation reservation;
  };

  // What is exchanged for a payment that a processor may have.
  enum class Exchange : std::uint8_t {
    first_look,  // a GET before anything is sent for it (AskFirst)
    get,         // a GET for an attempt of unknown outcome
    repeat,      // its POST, again
  };

  // Called from the loop, from within schedule() or connect_failed(). They may call enqueue(),
  // retry() and request().
  struct Events {
    // It has left the queue. Its attempt begins now.
    std::function<void(Job&, const Assignment&)> assigned;
    // The exchange that it requested starts now, on this connection.
    std::function<void(Job&, Upstream&, http::ConnectionId, Exchange)> connected;
    // No connection could be made for the exchange; it is no longer requested.
    std::function<void(Job&, Exchange)> connect_failed;
    // Every processor says that the payment is our fault: none is left to send it to. From within
    // enqueue().
    std::function<void(Job&)> unroutable;
  };

  // All outlive it. Each refused payment that comes back spends from `budget`.
  Scheduler(const Options& options, const routing::PolicyOptions& policy, const Platform& platform,
            const store::Peers& peers, const Upstreams& upstreams, Jobs& jobs, const Outage& outage,
            RetryBudget& budget, Events events);

  // For a payment that has just come: the assignment that schedule() would make, now, unless others
  // wait before it. No event is called for it.
  std::optional<Assignment> assign_at_once(Job& job);

  // It needs a processor, and has no attempt.
  void enqueue(Job& job);

  // Processor `by` has refused it: it is enqueued again, now or after a back-off. It has no
  // attempt.
  void retry(Job& job, payment::ProcessorNumber by, payment::Outcome reason);

  // `exchange` waits for a slot and a connection at a configured processor, as long as the payment
  // is open.
  void request(const Job& job, payment::ProcessorNumber processor, Exchange exchange);

  // Something has changed that may let a payment go: schedules once, soon.
  void schedule_soon();

  // A try to connect to this one has failed: ends every exchange that waits there.
  void connect_failed(const Upstream& upstream);

  // Nothing is assigned or connected any more.
  void stop() { is_stopping_ = true; }

  // Payments in the queue; those that back off are not.
  std::size_t size() const { return queue_.size(); }

 private:
  struct Request {
    JobRef job;
    Exchange exchange = Exchange::get;
  };
  struct Requests {
    Upstream& upstream;
    std::deque<Request> waiting;  // oldest first
  };
  // The earliest moment at which time alone lets something go.
  struct Wake;

  void schedule();
  void connect(Requests& requests, platform::Instant now);
  void assign_queue(PendingQueue::Queues::iterator queue, Wake& wake);
  void seek_connections(Wake& wake);
  void set_timer(std::optional<platform::Instant> when);

  routing::Choice choose(Job& job, platform::Instant now);
  routing::Standing standing_for(const Job& job, const Upstream& upstream,
                                 platform::Instant now) const;
  bool is_unroutable(const Job& job) const;
  void retry_at_once(Job& job);
  void retry_later(Job& job);
  Requests& requests_at(payment::ProcessorNumber processor);

  const Options& options_;
  const routing::PolicyOptions policy_;
  const Platform platform_;
  const store::Peers& peers_;
  const Upstreams& upstreams_;
  Jobs& jobs_;
  const Outage& outage_;
  RetryBudget& budget_;
  const Events events_;
  PendingQueue queue_;
  std::vector<Requests> requests_;            // of each upstream, in their order
  std::vector<routing::Standing> standings_;  // reused
  std::optional<platform::Instant> timer_at_;
  platform::TimerId timer_ = platform::TimerId::none;
  bool is_posted_ = false;
  bool is_stopping_ = false;
};

}  // namespace payswitch::dispatch
