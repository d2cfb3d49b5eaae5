#include "store/shared/owned_payments.h"

#include <cassert>

namespace payswitch::store::shared {

OwnedPayments::Held* OwnedPayments::find(const payment::CorrelationId& id) {
  const auto found = held_.find(id);
  return found == held_.end() ? nullptr : &found->second;
}

void OwnedPayments::add(const payment::CorrelationId& id, payment::State state,
                        std::uint32_t attempts_made) {
  [[maybe_unused]] const bool is_new =
      held_.emplace(id, Held{.state = state, .attempts_made = attempts_made}).second;
  assert(is_new);
  ++counters_.by_state[static_cast<std::size_t>(state)];
}

void OwnedPayments::move(Held& held, payment::State to) {
  --counters_.by_state[static_cast<std::size_t>(held.state)];
  ++counters_.by_state[static_cast<std::size_t>(to)];
  held.state = to;
}

void OwnedPayments::remove(const payment::CorrelationId& id, payment::State end) {
  const auto found = held_.find(id);
  assert(found != held_.end());
  --counters_.by_state[static_cast<std::size_t>(found->second.state)];
  if (end != payment::State::accepted) ++counters_.by_state[static_cast<std::size_t>(end)];
  foreign_ -= found->second.is_foreign;
  held_.erase(found);
}

void OwnedPayments::doubt_all() {
  for (auto& [id, held] : held_) held.is_confirmed = false;
}

void OwnedPayments::disown_unconfirmed() {
  for (auto& [id, held] : held_) {
    if (held.is_confirmed || held.is_foreign) continue;
    held.is_foreign = true;
    ++foreign_;
  }
}

}  // namespace payswitch::store::shared
