#pragma once

#include <chrono>
#include <optional>

#include "platform/clock.h"
#include "routing/options.h"

namespace payswitch::routing {

// What a processor says of itself, with its age, and when to ask again. Live traffic is believed
// first: a report opens the breaker only when no payment has been taken for a moment; from then on
// the breaker's probes decide, so a lying or outdated report costs one probe interval and not one
// poll interval.
class Health {
 public:
  struct Report {
    bool failing = false;
    std::chrono::milliseconds min_response_time{0};
    platform::Instant at;
  };

  explicit Health(const HealthOptions& options) : options_(options) {}

  // The next poll: at most one per `poll_every` (PROTOCOL 7.7).
  bool poll_due(platform::Instant now) const {
    return !last_poll_ || now - *last_poll_ >= options_.poll_every;
  }
  void polled(platform::Instant now) { last_poll_ = now; }

  platform::Duration poll_every() const { return options_.poll_every; }

  // A payment was taken.
  void taken(platform::Instant now) { last_taken_ = now; }

  bool takes_payments(platform::Instant now) const {
    return last_taken_ && now - *last_taken_ < options_.live_evidence;
  }

  // Keeps the report; true when the breaker should open on it.
  bool reported(const Report& report) {
    report_ = report;
    return report.failing && (!last_taken_ || report.at - *last_taken_ >= options_.live_evidence);
  }

  const std::optional<Report>& report() const { return report_; }

 private:
  HealthOptions options_;
  std::optional<platform::Instant> last_poll_;
  std::optional<Report> report_;
  std::optional<platform::Instant> last_taken_;
};

}  // namespace payswitch::routing
