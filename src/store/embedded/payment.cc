#include "store/embedded/payment.h"

#include <algorithm>
#include <cassert>

namespace payswitch::store::embedded {

const AttemptView* Payment::attempt(std::uint32_t number) const {
  if (number == 0) return nullptr;
  if (number == last.number) return &last;
  const auto found = std::ranges::find(earlier, number, &AttemptView::number);
  return found == earlier.end() ? nullptr : &*found;
}

void Payment::begin_attempt(const Intent& intent) {
  assert(last.number == 0 || intent.number == last.number + 1);
  if (last.number != 0) {
    if (earlier.size() == max_attempts_remembered - 1) earlier.erase(earlier.begin());
    earlier.push_back(last);
  }
  last = {.number = intent.number,
          .processor = intent.processor,
          .requested_at = intent.requested_at,
          .outcome = std::nullopt};
}

std::size_t Payment::records_to_tell() const {
  if (home == 0) return 0;
  const std::size_t attempts = (last.number != 0 ? 1 : 0) + earlier.size();
  return 1 + 2 * attempts + (state == payment::State::parked ? 1 : 0);
}

std::vector<AttemptView> Payment::attempts() const {
  std::vector<AttemptView> all;
  if (last.number == 0) return all;
  all.reserve(earlier.size() + 1);
  all = earlier;
  all.push_back(last);
  return all;
}

}  // namespace payswitch::store::embedded
