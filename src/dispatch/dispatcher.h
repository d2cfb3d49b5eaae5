#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "dispatch/ask_first.h"
#include "dispatch/complaints.h"
#include "dispatch/counters.h"
#include "dispatch/issuer.h"
#include "dispatch/job.h"
#include "dispatch/options.h"
#include "dispatch/queue.h"
#include "dispatch/retry.h"
#include "dispatch/told.h"
#include "dispatch/unasked.h"
#include "dispatch/upstream.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "platform/loop.h"
#include "platform/random.h"
#include "routing/policy.h"
#include "store/peers.h"
#include "store/store.h"

namespace payswitch::dispatch {

// Takes payments in and sees each one through to its end: kept by the store, placed by routing,
// charged by an attempt. A thin loop: Attempt decides about one payment, routing about processors,
// the store about what is true. Loop thread only.
class Dispatcher {
 public:
  // What it works with; all outlive it.
  struct World {
    store::Store& store;
    store::Peers& peers;
    platform::Loop& loop;
    platform::Timers& timers;
    const platform::Clock& clock;
    platform::Random& random;
    platform::Log& log;
  };
  using Ended = std::function<void(const payment::CorrelationId&)>;

  // `upstreams` may come in any order. `ended` is called when a payment has been settled or parked,
  // durably.
  Dispatcher(const Options& options, const routing::PolicyOptions& policy, World world,
             std::vector<std::unique_ptr<Upstream>> upstreams, Ended ended);

  // Takes over what the store had open and starts polling. Once, after the store is open and before
  // accept().
  void start();

  // Keeps the payment; the verdict is durable when `done` runs. Beyond the limits, or while it
  // stops, only payments that are known already are answered (PROTOCOL 5.1).
  void accept(const payment::CorrelationId& id, payment::Money amount,
              store::Store::AcceptDone done);

  // Starts no more attempts; those in flight may end.
  void stop() { stopping_ = true; }
  bool is_stopping() const { return stopping_; }
  // No POST is on its way and nothing waits for the disk.
  bool is_quiet() const;

  // A sum up to `time` is about to be told: no attempt gets a requestedAt at or before it any more
  // (PROTOCOL 6). `done` hears up to where (at most `time`) that holds for every instance, and
  // after a restart.
  void declare_final(payment::UtcMs time, Told::Declared done);

  // Sorted by fee, cheapest first.
  const std::vector<std::unique_ptr<Upstream>>& upstreams() const { return upstreams_; }
  std::uint64_t open() const { return world_.store.counters().open(); }
  std::size_t backlog() const { return waiting_.size(); }
  std::optional<platform::Duration> oldest_open() const;
  std::optional<platform::Duration> oldest_unknown() const;
  // Payments that are asked for before anything is sent for them.
  std::size_t asking_first() const { return ask_first_.asking(); }
  Restored restored() const { return options_.restored; }
  // Every breaker is open: only probes are sent for Options::rest, or until one succeeds.
  bool is_resting() const { return rest_timer_ != platform::TimerId::none; }
  const Counters& counters() const { return counters_; }
  // What stays open because its processor is not configured.
  const Unasked& unasked() const { return unasked_; }

 private:
  // From a payment to its first byte on the wire.
  std::optional<store::Intent> plan(Job& job);
  void verdict(JobRef ref, store::Verdict verdict, store::Store::AcceptDone& done);
  void enqueue(Job& job);
  bool park_if_nobody_is_left(Job& job);

  // Payments of another life, or of another instance.
  void adopt(const std::vector<store::OpenPayment>& open);
  void adopt(const store::OpenPayment& payment, platform::Duration spread);
  void recover_attempt(Job& job, const store::OpenPayment& payment, platform::Duration spread);
  AskFirst::Events answers_to_first_questions();
  void settle_by_their_books(Job& job, const Upstream& upstream, const processor::BookEntry& entry);
  void set_to_work(Job& job);

  // Placing what waits.
  void pump_soon();
  void pump();
  void pump_steps(Upstream& upstream, platform::Instant now);
  std::optional<platform::Instant> pump_line(PendingQueue::Lines::iterator line,
                                             platform::Instant now);
  bool place(Job& job, Upstream& upstream, platform::Instant now);
  void wake_pump_at(std::optional<platform::Instant> when);
  routing::Choice choose(Job& job, platform::Instant now);

  // Seeing an attempt through.
  void reserve_and_plan(Job& job, Upstream& upstream, const Upstream::Reservation& reservation);
  void raise_clock_alarm(bool is_behind);
  void intent_durable(JobRef ref);
  void lost(JobRef ref);
  void obey(Job& job, const Action& action);
  void resume(JobRef ref, Event event);
  void post(Job& job, http::ConnectionId connection, routing::Breaker::Pass pass);
  void ask(Job& job, http::ConnectionId connection);
  void settle(Job& job, const processor::BookEntry& entry);
  void note_if_booked_before(const Job& job, Upstream& upstream, const processor::BookEntry& entry);
  void give_up(Job& job, payment::Outcome reason);
  void forget_attempt(Job& job);
  bool note_refusal(Job& job, payment::Outcome reason);
  void forget_old_refusals(Job& job) const;
  void retry_at_once(Job& job);
  void retry_later(Job& job);
  void arm(Job& job);
  void tick(JobRef ref);
  void account(const Job& job, const Upstream& upstream, const store::Settlement& settlement);

  // Processors.
  void update_rest();
  void connect_failed(Upstream& upstream, http::ConnectFailure failure);
  void poll_health(Upstream& upstream);
  void claim_poll(Upstream& upstream, http::ConnectionId connection);
  void poll(Upstream& upstream, http::ConnectionId connection);
  void listen_to_the_group();
  store::Peers::Report report() const;
  Upstream* upstream_of(payment::ProcessorNumber number);

  Options options_;
  routing::PolicyOptions policy_;
  World world_;
  std::vector<std::unique_ptr<Upstream>> upstreams_;
  Ended ended_;
  Jobs jobs_;
  PendingQueue waiting_;
  AskFirst ask_first_;
  Issuer issuer_;
  payment::UtcMs issued_durably_;  // the latest
  Told told_;
  RetryBudget budget_;
  std::vector<routing::Standing> standings_;  // reused
  platform::TimerId rest_timer_ = platform::TimerId::none;
  platform::Instant first_back_{};  // the end of the last outage of all
  std::optional<platform::Instant> pump_at_;
  platform::TimerId pump_timer_ = platform::TimerId::none;
  bool pump_posted_ = false;
  bool stopping_ = false;
  bool clock_is_behind_ = false;
  Complaints complaints_;
  Unasked unasked_;
  Counters counters_;
};

}  // namespace payswitch::dispatch
