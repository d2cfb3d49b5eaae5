#pragma once

#include <string>
#include <vector>

#include "platform/clock.h"

namespace payswitch::store::shared {

// Whether Redis has everything that was kept. One that may have forgotten something has it again
// when everybody who lives has written again what it wrote lately; until then what one instance
// kept could be taken for new by another one (PROTOCOL 7.5). It is waited for one lease at most.
// Pure.
class RejoinBarrier {
 public:
  using Names = std::vector<std::string>;

  explicit RejoinBarrier(platform::Duration lease) : lease_(lease) {}

  // Redis runs anew. `keeps_all`: what the run before has answered cannot be missing. `others`: who
  // lived beside us then, as far as we know.
  void begin_run(bool keeps_all, const Names& others, platform::Instant now);

  // Who lives by Redis' word, and who has written to this run all that it has to.
  void learn(const Names& living, const Names& written, platform::Instant now);

  bool is_whole(platform::Instant now) const {
    return !may_have_forgotten_ || has_all_ || has_lasted_a_lease(now);
  }
  bool has_lasted_a_lease(platform::Instant now) const { return now - began_ >= lease_; }

 private:
  platform::Duration lease_;
  platform::Instant began_{};
  bool may_have_forgotten_ = true;
  bool has_all_ = false;
  Names awaited_;  // lived before, and Redis has not named them yet
};

}  // namespace payswitch::store::shared
