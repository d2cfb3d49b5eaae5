#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "dispatch/counters.h"
#include "dispatch/job.h"
#include "dispatch/monitor.h"
#include "dispatch/options.h"
#include "dispatch/outage.h"
#include "dispatch/platform.h"
#include "dispatch/recovery.h"
#include "dispatch/request_times.h"
#include "dispatch/resolution.h"
#include "dispatch/retry.h"
#include "dispatch/scheduler.h"
#include "dispatch/upstreams.h"
#include "platform/repeats.h"
#include "routing/policy.h"
#include "store/peers.h"
#include "store/store.h"

namespace payswitch::dispatch {

// Takes payments in and sees each one through to its end: kept by the store, sent where the
// scheduler says, charged by an attempt. It records what becomes of each; its parts decide. Loop
// thread only.
class Dispatcher {
 public:
  // What it works with; all of it outlives it.
  struct Dependencies {
    store::Store& store;
    store::Peers& peers;
    Platform platform;
  };
  using Ended = std::function<void(const payment::CorrelationId&)>;

  // `upstreams` may come in any order. `ended` is called when a payment has been settled or parked,
  // durably.
  Dispatcher(const Options& options, const routing::PolicyOptions& policy,
             const Dependencies& dependencies, std::vector<std::unique_ptr<Upstream>> upstreams,
             Ended ended);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Takes up what the store had open and starts polling. Once, after the store is open and before
  // accept().
  void start();

  // Keeps the payment; the verdict is durable when `done` runs. Beyond the limits, or while it
  // stops, only payments that are known already are answered (PROTOCOL 5.1).
  void accept(const payment::CorrelationId& id, payment::Money amount,
              store::Store::AcceptDone done);

  // Starts no more attempts; those in flight may end.
  void stop();
  bool is_stopping() const { return is_stopping_; }
  // No POST is on its way and nothing waits for the disk.
  bool is_quiet() const;

  // As RequestTimes::declare_final.
  void declare_final(payment::UtcMs time, RequestTimes::Declared done) {
    times_.declare_final(time, std::move(done));
  }

  const Upstreams& upstreams() const { return upstreams_; }
  std::uint64_t open() const { return store_.counters().open(); }
  // Open payments that wait for a processor.
  std::size_t backlog() const { return scheduler_.size(); }
  std::optional<platform::Duration> oldest_open() const;
  std::optional<platform::Duration> oldest_unknown() const;
  // Payments that are asked for before anything is sent for them.
  std::size_t asking_first() const { return recovery_.asking_first(); }
  // Open payments whose processor is not configured.
  const StrandedPayments& stranded() const { return recovery_.stranded(); }
  Restored restored() const { return options_.restored; }
  const Outage& outage() const { return outage_; }
  std::uint64_t clock_alarms() const { return times_.clock_alarms(); }
  const Counters& counters() const { return counters_; }

 private:
  Scheduler::Events scheduler_events();
  Resolution::Events resolution_events();

  store::Intent begin_attempt(Job& job, const Scheduler::Assignment& assignment);
  void accepted(JobRef ref, store::Verdict verdict);
  void assigned(Job& job, const Scheduler::Assignment& assignment);
  void intent_durable(Job& job);
  void withdraw(Job& job);

  void settle(Job& job, const processor::BookEntry& entry);
  void report_difference(const Job& job, const Upstream& upstream,
                         const processor::BookEntry& entry);
  void note_if_booked_before(const Job& job, Upstream& upstream, const processor::BookEntry& entry);
  void count(const Job& job, const Upstream& upstream, const store::Settlement& settlement);
  void refused(Job& job, payment::Outcome reason);
  void park(Job& job);

  const Options options_;
  store::Store& store_;
  const Platform platform_;
  const Upstreams upstreams_;
  const Ended ended_;
  Jobs jobs_;
  RequestTimes times_;
  RetryBudget budget_;
  Outage outage_;
  Scheduler scheduler_;
  Resolution resolution_;
  Recovery recovery_;
  Monitor monitor_;
  bool is_stopping_ = false;
  platform::RepeatedLine parked_{10};
  platform::RepeatedLine difference_{100};  // the rest of them are in the audit
  Counters counters_;
};

}  // namespace payswitch::dispatch
