#include "testing/simulator/told_sums.h"

#include <fmt/format.h>

#include <algorithm>

namespace payswitch::lab::simulator {

std::optional<std::string> ToldSums::tell(const Told& told, platform::Instant asked,
                                          platform::Instant now) {
  if (told.final_until && (finals_.empty() || finals_.back().until < *told.final_until)) {
    finals_.push_back({now, *told.final_until});
  }
  for (const Remembered& earlier : told_) {
    const bool is_same = earlier.told.window.from == told.window.from &&
                         earlier.told.window.to == told.window.to && earlier.at < asked;
    if (!is_same) continue;
    for (std::size_t at = 0; at < told.sums.size(); ++at) {
      const Sum& before = earlier.told.sums[at];
      const Sum& after = told.sums[at];
      if (before.count <= after.count && before.cents <= after.cents) continue;
      return fmt::format("summary {} to {}: was {} payments, {} cents, and is {}, {} now",
                         told.window.from.value, told.window.to.value, before.count, before.cents,
                         after.count, after.cents);
    }
  }
  if (told_.size() == most_remembered) told_.erase(told_.begin());
  told_.push_back({told, now});
  return std::nullopt;
}

std::optional<std::string> ToldSums::issue(payment::UtcMs requested_at,
                                           platform::Instant issued_after) const {
  const auto after = std::ranges::lower_bound(finals_, issued_after, {}, &Final::at);
  if (after == finals_.begin()) return std::nullopt;
  const Final& final = *std::prev(after);
  if (requested_at > final.until) return std::nullopt;
  return fmt::format("requestedAt {} joins sums that were told as final until {}",
                     requested_at.value, final.until.value);
}

}  // namespace payswitch::lab::simulator
