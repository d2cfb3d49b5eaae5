#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "dispatch/ask_first.h"
#include "dispatch/job.h"
#include "dispatch/options.h"
#include "dispatch/platform.h"
#include "dispatch/request_times.h"
#include "dispatch/resolution.h"
#include "dispatch/scheduler.h"
#include "dispatch/stranded_payments.h"
#include "dispatch/upstreams.h"
#include "platform/repeats.h"
#include "store/store.h"

namespace payswitch::dispatch {

// Takes up payments of which more may have been sent than this process knows: those that were open
// in an earlier life or at another instance, and, while the store is a restored copy, those that
// are new as well (PROTOCOL 2.6, 3.5, 7.5). Loop thread only.
class Recovery {
 public:
  // A processor has it, as its books say: ends the job.
  using Settled = std::function<void(Job&, const processor::BookEntry&)>;

  // All outlive it.
  Recovery(const Options& options, const Platform& platform, store::Store& store,
           const Upstreams& upstreams, Jobs& jobs, RequestTimes& times, Scheduler& scheduler,
           Resolution& resolution, Settled settled);

  // Makes a job of each and sees that it goes on: where it is asked for, where it was sent, or
  // where the scheduler sends it.
  void take_up(const std::vector<store::OpenPayment>& open);

  // A new payment of a store that is a restored copy: asks for it everywhere before it is enqueued.
  void ask_everywhere(Job& job) { ask_first_.start(job, upstreams_.mask()); }

  // A first look that was requested from the scheduler has a connection, or got none.
  void connected(Job& job, Upstream& upstream, http::ConnectionId connection) {
    ask_first_.connected(job, upstream, connection);
  }
  void connect_failed(Job& job) { ask_first_.connect_failed(job); }

  // Payments that are asked for before anything is sent for them, or were found and are not on
  // record yet.
  std::size_t asking_first() const { return ask_first_.asking(); }
  // What stays open because its processor is not configured.
  const StrandedPayments& stranded() const { return stranded_; }

 private:
  void take_up(const store::OpenPayment& payment, platform::Duration spread);
  void recover_attempt(Job& job, const store::OpenPayment& payment, platform::Duration spread);
  platform::Duration spread_over(std::size_t payments) const;
  void found(Job& job, const Upstream& upstream, const processor::BookEntry& entry);
  void record_intent(Job& job, const Upstream& upstream, const processor::BookEntry& entry);
  void go_on(Job& job);
  void note_stranded(const Job& job);

  const Options& options_;
  const Platform platform_;
  store::Store& store_;
  const Upstreams& upstreams_;
  Jobs& jobs_;
  RequestTimes& times_;
  Scheduler& scheduler_;
  Resolution& resolution_;
  const Settled settled_;
  AskFirst ask_first_;
  StrandedPayments stranded_;
  platform::RepeatedLine found_elsewhere_{100};
};

}  // namespace payswitch::dispatch
