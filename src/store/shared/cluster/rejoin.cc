#include "store/shared/cluster/rejoin.h"

#include <algorithm>

namespace payswitch::store::shared {

void RejoinBarrier::begin_run(bool keeps_all, const Names& others, platform::Instant now) {
  // What the run before still lacked, this one lacks too. Time alone does not make up for it: it
  // may have passed while no instance could write.
  const bool was_whole = !may_have_forgotten_ || has_all_;
  awaited_.insert(awaited_.end(), others.begin(), others.end());
  may_have_forgotten_ = !(was_whole && keeps_all);
  has_all_ = false;
  began_ = now;
}

void RejoinBarrier::learn(const Names& living, const Names& written, platform::Instant now) {
  const auto is_in = [](const Names& names) {
    return
        [&names](const std::string& name) { return std::ranges::find(names, name) != names.end(); };
  };
  // Instances that Redis still knows are awaited for as long as they live; the others for a lease.
  std::erase_if(awaited_, is_in(living));
  if (has_lasted_a_lease(now)) awaited_.clear();
  has_all_ = awaited_.empty() && std::ranges::all_of(living, is_in(written));
}

}  // namespace payswitch::store::shared
