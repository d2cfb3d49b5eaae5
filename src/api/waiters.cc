#include "api/waiters.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace payswitch::api {

bool Waiters::has_room_for(const payment::CorrelationId& id) const {
  if (size_ >= max_waiters) return false;
  const auto found = by_payment_.find(id);
  return found == by_payment_.end() || found->second.size() < max_waiters_of_one;
}

void Waiters::add(const payment::CorrelationId& id, Waiter waiter) {
  assert(has_room_for(id));
  by_payment_[id].push_back(std::move(waiter));
  ++size_;
}

std::optional<Waiters::Waiter> Waiters::take(const payment::CorrelationId& id,
                                             std::uint64_t number) {
  const auto found = by_payment_.find(id);
  if (found == by_payment_.end()) return std::nullopt;
  auto& waiters = found->second;
  const auto at = std::ranges::find(waiters, number, &Waiter::number);
  if (at == waiters.end()) return std::nullopt;
  auto waiter = std::move(*at);
  waiters.erase(at);
  if (waiters.empty()) by_payment_.erase(found);
  --size_;
  return waiter;
}

std::vector<Waiters::Waiter> Waiters::take_all(const payment::CorrelationId& id) {
  const auto node = by_payment_.extract(id);
  if (node.empty()) return {};
  size_ -= node.mapped().size();
  return std::move(node.mapped());
}

}  // namespace payswitch::api
