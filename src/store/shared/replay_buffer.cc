#include "store/shared/replay_buffer.h"

#include <cassert>
#include <utility>

namespace payswitch::store::shared {

ReplayBuffer::Number ReplayBuffer::add(const Operation& operation, Completion done,
                                       platform::Instant now) {
  entries_.push_back({.operation = operation, .done = std::move(done), .owner = {}, .since = now});
  ++waiting_;
  return first_ + entries_.size() - 1;
}

ReplayBuffer::Entry* ReplayBuffer::find(Number number) {
  return number < first_ ? nullptr : &entries_.at(number - first_);
}

void ReplayBuffer::answered(Number number, platform::Instant now) {
  if (Entry* entry = find(number); entry && !std::exchange(entry->is_answered, true)) {
    entry->done = {};
    --waiting_;
  }
  forget_old(now);
}

void ReplayBuffer::for_each(bool all, const std::function<void(Number, Entry&)>& visit) {
  const Number end = first_ + entries_.size();
  for (Number number = first_; number < end; ++number) {
    Entry* entry = find(number);
    if (entry && (all || !entry->is_answered)) visit(number, *entry);
  }
}

void ReplayBuffer::forget_old(platform::Instant now) {
  while (!entries_.empty() && entries_.front().is_answered &&
         (now - entries_.front().since > memory_ || entries_.size() - waiting_ > max_answered)) {
    entries_.pop_front();
    ++first_;
  }
}

}  // namespace payswitch::store::shared
