#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dispatch/attempt.h"
#include "dispatch/refusals.h"
#include "dispatch/upstream.h"
#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/processor_number.h"
#include "platform/blocks.h"
#include "platform/loop.h"

namespace payswitch::dispatch {

using Hook =
    boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// Names a payment's job for as long as it is open; later it names nothing.
struct JobRef {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
};

// An attempt at work. Most of a backlog has none, so it lies apart from its job.
struct AttemptAtWork : Attempt {
  explicit AttemptAtWork(const Attempt& attempt) : Attempt(attempt) {}

  std::optional<Upstream::Reservation> reservation;  // while the intent is being made durable
  Hook in_unknown;  // those of unknown outcome, by when they became so
};

// An open payment at work. At any moment one part of dispatch has it in hand: the scheduler while
// it needs a processor, the resolution while it has an attempt, AskFirst while processors are asked
// whether they have it already.
struct Job {
  payment::CorrelationId id;
  payment::Money amount;
  payment::UtcMs accepted_at;
  platform::Instant waiting_since;  // patience runs from here
  Refusals refusals;
  std::uint32_t generation = 0;
  std::uint32_t attempts_made = 0;
  std::uint32_t tries = 0;           // the exponent of the back-off
  std::uint32_t ask_first_mask = 0;  // bit n: processor n may have it, and has to be asked first
  payment::ProcessorNumber processor = payment::no_processor;  // of `attempt`
  bool is_new = false;                                         // accepted in this life
  std::unique_ptr<AttemptAtWork> attempt;
  platform::TimerId timer = platform::TimerId::none;  // of the part that has it in hand
  Hook in_order;                                      // all jobs, by acceptance
};

// The open payments, at addresses that do not move. A JobRef outlives its job safely. Loop thread
// only.
class Jobs {
 public:
  explicit Jobs(platform::Timers& timers) : timers_(timers) {}

  Job& add();
  JobRef ref(const Job& job) const { return {slot_of(job), job.generation}; }
  // nullptr when that job has ended.
  Job* find(JobRef ref);
  // Its attempt and its timer end with it.
  void remove(Job& job);

  // It has none yet.
  void begin_attempt(Job& job, const Attempt& attempt);
  // It has one. The timer that it waits for ends with it.
  void end_attempt(Job& job);

  // Each job has one timer; a new one takes the place of the last. The callback begins with due().
  void set_timer(Job& job, platform::Duration delay, platform::Callback callback);
  void cancel_timer(Job& job);
  // The timer of this job has come. It is open: a timer ends with its job.
  Job& due(JobRef ref);

  // It has been accepted (until then it is only a plan), or its outcome has become unknown.
  void mark_open(Job& job) { open_.push_back(job); }
  void mark_unknown(AttemptAtWork& attempt) {
    if (!attempt.in_unknown.is_linked()) unknown_.push_back(attempt);
  }

  const Job* oldest_open() const { return open_.empty() ? nullptr : &open_.front(); }
  const Attempt* oldest_unknown() const { return unknown_.empty() ? nullptr : &unknown_.front(); }

 private:
  template <class T, Hook T::* hook>
  using List = boost::intrusive::list<T, boost::intrusive::member_hook<T, Hook, hook>,
                                      boost::intrusive::constant_time_size<false>>;

  struct Slot : Job {
    std::uint32_t index = 0;
    bool used = false;
  };
  static std::uint32_t slot_of(const Job& job) { return static_cast<const Slot&>(job).index; }

  platform::Timers& timers_;
  List<Job, &Job::in_order> open_;
  List<AttemptAtWork, &AttemptAtWork::in_unknown> unknown_;
  platform::Blocks<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<std::unique_ptr<AttemptAtWork>> spare_;  // to be used again
};

}  // namespace payswitch::dispatch
