#pragma once

#include <utility>
#include <vector>

#include "platform/lifetime.h"
#include "platform/loop.h"
#include "store/journal/completion.h"

namespace payswitch::store::embedded {

// Completions that wait for no disk: they run in their order in a later turn of the loop, never
// within the call that they complete. Loop thread only.
class DeferredCompletions {
 public:
  explicit DeferredCompletions(platform::Loop& loop) : loop_(loop) {}

  void add(journal::Completion completion) {
    if (due_.empty()) loop_.post(lifetime_.guard([this] { run_all(); }));
    due_.push_back(std::move(completion));
  }

  bool empty() const { return due_.empty(); }

 private:
  void run_all() {
    running_.swap(due_);
    for (auto& completion : running_) journal::run(completion);
    running_.clear();
  }

  platform::Loop& loop_;
  std::vector<journal::Completion> due_;
  std::vector<journal::Completion> running_;
  platform::Lifetime lifetime_;
};

}  // namespace payswitch::store::embedded
