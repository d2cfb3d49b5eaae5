#include "store/embedded/payment.h"

#include <algorithm>
#include <cassert>

namespace payswitch::store::embedded {

namespace {

Payment::More& more_of(Payment& payment) {
  if (!payment.more) payment.more = std::make_unique<Payment::More>();
  return *payment.more;
}

}  // namespace

std::optional<AttemptView> Payment::attempt(std::uint32_t number) const {
  if (number == 0) return std::nullopt;
  if (number == last_number) return last();
  if (!more) return std::nullopt;
  const auto found = std::ranges::find(more->earlier, number, &AttemptView::number);
  return found == more->earlier.end() ? std::nullopt : std::optional(*found);
}

void Payment::begin_attempt(const Intent& intent) {
  assert(last_number == 0 || intent.number == last_number + 1);
  if (last_number != 0) {
    auto& earlier = more_of(*this).earlier;
    if (earlier.size() == max_attempts_remembered - 1) earlier.erase(earlier.begin());
    earlier.push_back(last());
  }
  last_number = intent.number;
  last_processor = intent.processor;
  last_requested_at = intent.requested_at;
  last_outcome.reset();
}

void Payment::set_parked_at(payment::UtcMs at) {
  more_of(*this).parked_at = at;
}

Payment::Records Payment::records() const {
  if (home == 0) return {};
  const std::size_t last_attempt =
      1 + (last_number != 0 ? 2 : 0) + (state == payment::State::parked ? 1 : 0);
  const std::size_t earlier = more ? more->earlier.size() : 0;
  return {.all = last_attempt + 2 * earlier, .last_attempt = last_attempt};
}

void Payment::forget_earlier_attempts() {
  if (more) more->earlier.clear();
}

std::vector<AttemptView> Payment::attempts() const {
  std::vector<AttemptView> all;
  if (last_number == 0) return all;
  const std::size_t earlier = more ? more->earlier.size() : 0;
  all.reserve(earlier + 1);
  if (earlier != 0) all = more->earlier;
  all.push_back(last());
  return all;
}

}  // namespace payswitch::store::embedded
