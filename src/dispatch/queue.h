#pragma once

#include <cstdint>
#include <deque>
#include <map>

#include "dispatch/upstream.h"

namespace payswitch::dispatch {

// Payments that need a processor, first come, first served. Payments that some processors have
// turned down for good (our fault) stand in a line of their own, so that none of them holds up the
// others.
class PendingQueue {
 public:
  // Bit n of the key: processor n is excluded.
  using Lines = std::map<std::uint32_t, std::deque<JobRef>>;

  void push(JobRef job, std::uint32_t excluded_mask) {
    lines_[excluded_mask].push_back(job);
    ++size_;
  }
  void pop(Lines::iterator line) {
    line->second.pop_front();
    --size_;
  }

  Lines& lines() { return lines_; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

 private:
  Lines lines_;
  std::size_t size_ = 0;
};

}  // namespace payswitch::dispatch
