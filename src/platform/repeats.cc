#include "platform/repeats.h"

#include <algorithm>

namespace payswitch::platform {

std::optional<std::uint64_t> Repeats::happened(Instant now) {
  if (said_ > 0 && now - last_ >= forgotten_after) said_ = 0;
  last_ = now;
  ++unsaid_;
  if (said_ < at_once_) return say(now);
  const auto pause = std::min<std::size_t>(said_ - at_once_, pauses.size() - 1);
  if (now - last_said_ < pauses[pause]) return std::nullopt;
  return say(now);
}

std::optional<std::uint64_t> Repeats::rested(Instant now, Duration quiet) {
  if (unsaid_ == 0 || now - last_ < quiet) return std::nullopt;
  return say(now);
}

std::uint64_t Repeats::say(Instant now) {
  last_said_ = now;
  if (said_ < at_once_ + pauses.size()) ++said_;
  return std::exchange(unsaid_, 0);
}

}  // namespace payswitch::platform
