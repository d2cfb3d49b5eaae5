#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>

#include "dispatch/job.h"

namespace payswitch::dispatch {

// Payments that need a processor, first come, first served. Payments that some processors exclude
// for good (our fault) have a queue of their own, so that none of them holds up the others.
class PendingQueue {
 public:
  // Bit n of the key: processor n is excluded.
  using Queues = std::map<std::uint32_t, std::deque<JobRef>>;

  void push(JobRef job, std::uint32_t excluded_mask) {
    queues_[excluded_mask].push_back(job);
    ++size_;
  }
  void pop(Queues::iterator queue) {
    queue->second.pop_front();
    --size_;
  }

  Queues& queues() { return queues_; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

 private:
  Queues queues_;
  std::size_t size_ = 0;
};

}  // namespace payswitch::dispatch
