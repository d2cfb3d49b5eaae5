#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "payment/time.h"
#include "platform/clock.h"
#include "redis/reply.h"

namespace payswitch::store::shared {

// Up to where no instance will issue a requestedAt any more (PROTOCOL 6): the least of what those
// who live have said of themselves. One whose lease has run out may not know it yet, and may issue
// for as long as a lease after the last beat that was answered; so what it said counts for a lease
// more, and who has just come, or was silent for a lease, does not say anything for as long. Pure.
class Finality {
 public:
  // By name: everything that it issues from now on is at or after this. Zero: it does not say.
  using Next = std::map<std::string, payment::UtcMs>;

  explicit Finality(platform::Duration lease) : lease_(lease) {}

  // Nothing is known of who was here before: another run of Redis, or another name of ours.
  void begin_anew() { since_.reset(); }

  // The reply to a beat: what we had said with it, and the others who live.
  void heard(payment::UtcMs ours, const Next& others, platform::Instant now);

  // As of the last beat; nullopt: not known.
  std::optional<payment::UtcMs> until() const;

 private:
  struct Other {
    payment::UtcMs next;
    std::optional<platform::Instant> gone;
  };

  platform::Duration lease_;
  std::optional<platform::Instant> since_;
  platform::Instant last_{};
  payment::UtcMs ours_;
  std::map<std::string, Other> others_;
};

// What the others who live have said with their beats: names, and "open working next run".
Finality::Next said_by_others(const std::vector<std::string>& living, const std::string& ours,
                              const payswitch::redis::Reply& news);

}  // namespace payswitch::store::shared
