#include "routing/policy.h"

#include <algorithm>

namespace payswitch::routing {

Choice choose(std::span<const Standing> by_fee, platform::Instant waiting_since,
              platform::Instant now, const PolicyOptions& options, platform::Instant first_back) {
  const bool has_patience = now < waiting_since + options.patience;
  platform::Instant hold_until = waiting_since;
  Choice choice{.kind = Choice::Kind::wait};
  for (std::size_t index = 0; index < by_fee.size(); ++index) {
    switch (by_fee[index]) {
      case Standing::tried:
        if (!has_patience) {
          if (choice.kind == Choice::Kind::wait)
            choice = {.kind = Choice::Kind::send, .index = index};
          break;
        }
        [[fallthrough]];
      case Standing::ready:
        if (now < hold_until) return {.kind = Choice::Kind::hold, .until = hold_until};
        return {.kind = Choice::Kind::send, .index = index};
      case Standing::full:
        hold_until = std::max(hold_until, std::max(waiting_since, first_back) +
                                              std::max(options.patience, options.full_wait));
        break;
      case Standing::broken:
        hold_until = std::max(hold_until, waiting_since + options.patience);
        break;
      case Standing::unasked:
        hold_until = std::max(
            {hold_until, waiting_since + options.patience, first_back + options.comeback_wait});
        break;
      case Standing::excluded:
        break;
    }
  }
  return choice;
}

}  // namespace payswitch::routing
