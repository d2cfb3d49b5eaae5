#include "routing/limit.h"

#include <algorithm>

namespace payswitch::routing {

Limit::Limit(const LimitOptions& options, std::uint32_t max)
    : options_(options),
      max_(std::max(max, 1u)),
      width_(std::min<double>(options.start, max_)),
      threshold_(max_) {}

void Limit::succeeded(std::uint32_t in_flight) {
  if (in_flight * 2.0 < width_) return;
  width_ = std::min(max_, width_ + (width_ < threshold_ ? 1.0 : 1.0 / width_));
}

void Limit::overloaded(platform::Instant now) {
  if (decreased_ && now - last_decrease_ < options_.decrease_every) return;
  decreased_ = true;
  last_decrease_ = now;
  width_ = std::max(std::min<double>(options_.min, max_), width_ * options_.decrease);
  threshold_ = width_;
}

}  // namespace payswitch::routing
