#include "store/embedded/unsettled.h"

#include <cassert>
#include <limits>
#include <utility>

namespace payswitch::store::embedded {

const Payment* UnsettledPayments::find(const payment::CorrelationId& id) const {
  const auto found = ids_.find(wanted(id));
  return found == ids_.end() ? nullptr : &pool_[found->place];
}

Payment* UnsettledPayments::find(const payment::CorrelationId& id) {
  return const_cast<Payment*>(std::as_const(*this).find(id));
}

Payment& UnsettledPayments::add(const payment::CorrelationId& id) {
  if (free_.empty()) {
    assert(pool_.size() < std::numeric_limits<std::uint32_t>::max());
    free_.push_back(static_cast<std::uint32_t>(pool_.size()));
    pool_.add();
  }
  const Entry entry{.place = free_.back(), .hash = wanted(id).hash};
  free_.pop_back();
  Payment& payment = pool_[entry.place];
  payment.id = id;
  ids_.insert(entry);
  return payment;
}

void UnsettledPayments::remove(const payment::CorrelationId& id) {
  const auto found = ids_.find(wanted(id));
  assert(found != ids_.end());
  const std::uint32_t place = found->place;
  ids_.erase(found);
  pool_[place] = Payment{};
  free_.push_back(place);
}

}  // namespace payswitch::store::embedded
