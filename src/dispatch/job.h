#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "dispatch/attempt.h"
#include "dispatch/lane.h"
#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/processor_number.h"
#include "world/loop.h"

namespace payswitch::dispatch {

// An open payment at work.
struct Job {
  using Hook = boost::intrusive::list_member_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  payment::CorrelationId id;
  payment::Money amount;
  payment::UtcMs accepted_at;
  world::Instant waiting_since;  // patience runs from here
  std::uint32_t generation = 0;
  std::uint32_t attempts_made = 0;
  std::uint32_t tries = 0;           // the exponent of the back-off
  std::uint32_t our_fault_mask = 0;  // bit n: processor n does not get it any more
  std::uint32_t tried_mask = 0;      // bit n: processor n has refused it in this round
  world::Instant tried_at{};         // the last of these refusals
  std::uint32_t ask_first_mask = 0;  // bit n: processor n may have it, and has to be asked first
  payment::ProcessorNumber processor = payment::no_processor;  // of `attempt`
  std::optional<Attempt> attempt;
  std::optional<Lane::Reservation> reservation;  // while the intent is being made durable
  world::TimerId timer = world::TimerId::none;
  Hook in_order;    // all jobs, by acceptance
  Hook in_unknown;  // the unknown ones, by when they became so
};

// The open payments, at addresses that do not move. A JobRef outlives its job safely.
class Jobs {
 public:
  Job& add();
  JobRef ref(const Job& job) const { return {slot_of(job), job.generation}; }
  // nullptr when that job has ended.
  Job* find(JobRef ref);
  void remove(Job& job);

  // It has been accepted (until then it is only a plan), or its outcome has become unknown.
  void mark_open(Job& job) { open_.push_back(job); }
  void mark_unknown(Job& job) {
    if (!job.in_unknown.is_linked()) unknown_.push_back(job);
  }

  const Job* oldest_open() const { return open_.empty() ? nullptr : &open_.front(); }
  const Job* oldest_unknown() const { return unknown_.empty() ? nullptr : &unknown_.front(); }

 private:
  template <Job::Hook Job::* hook>
  using List = boost::intrusive::list<Job, boost::intrusive::member_hook<Job, Job::Hook, hook>,
                                      boost::intrusive::constant_time_size<false>>;

  struct Slot : Job {
    std::uint32_t index = 0;
    bool used = false;
  };
  static std::uint32_t slot_of(const Job& job) { return static_cast<const Slot&>(job).index; }

  std::deque<Slot> slots_;
  std::vector<std::uint32_t> free_;
  List<&Job::in_order> open_;
  List<&Job::in_unknown> unknown_;
};

}  // namespace payswitch::dispatch
