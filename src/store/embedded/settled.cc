#include "store/embedded/settled.h"

#include <algorithm>
#include <cassert>

namespace payswitch::store::embedded {

archive::SettledPayment to_settled(const Payment& payment, const Settlement& settlement) {
  auto attempts = payment.attempts();
  for (auto& attempt : attempts) {
    if (attempt.number == settlement.number) attempt.outcome = payment::Outcome::taken;
  }
  return {.id = payment.id,
          .amount = payment.amount,
          .accepted_at = payment.accepted_at,
          .settlement = settlement,
          .attempts = std::move(attempts)};
}

SettledPayments::Entry::Entry(const archive::SettledPayment& payment, bool has_more)
    : accepted_at(payment.accepted_at),
      requested_at(payment.settlement.requested_at),
      settled_at(payment.settlement.settled_at),
      packed_(static_cast<std::uint64_t>(payment.amount.cents()) |
              static_cast<std::uint64_t>(payment.settlement.processor) << amount_bits |
              (payment.settlement.finding ? finding_bit : 0) | (has_more ? more_bit : 0)) {}

payment::Money SettledPayments::Entry::amount() const {
  constexpr std::uint64_t mask = (1ull << amount_bits) - 1;
  return payment::Money::from_cents(static_cast<std::int64_t>(packed_ & mask));
}

payment::ProcessorNumber SettledPayments::Entry::processor() const {
  return static_cast<payment::ProcessorNumber>(packed_ >> amount_bits);
}

// The map itself uses the highest and the lowest bits.
std::size_t SettledPayments::shard_of(const payment::CorrelationId& id) {
  return (std::hash<payment::CorrelationId>{}(id) >> 16) % shard_count;
}

const SettledPayments::Entry* SettledPayments::entry(const payment::CorrelationId& id) const {
  const auto& shard = shards_[shard_of(id)];
  const auto found = shard.find(id);
  return found == shard.end() ? nullptr : &found->second;
}

void SettledPayments::add(const archive::SettledPayment& payment) {
  const bool has_more = !payment.is_plain();
  const auto [entry, added] =
      shards_[shard_of(payment.id)].try_emplace(payment.id, payment, has_more);
  assert(added);
  if (!has_more) return;
  more_.try_emplace(payment.id, More{.booked = payment.settlement.amount,
                                     .settled_by = payment.settlement.number,
                                     .attempts = payment.attempts});
}

std::optional<payment::Money> SettledPayments::amount(const payment::CorrelationId& id) const {
  const Entry* found = entry(id);
  if (found == nullptr) return std::nullopt;
  return found->amount();
}

std::optional<archive::SettledPayment> SettledPayments::find(
    const payment::CorrelationId& id) const {
  const Entry* found = entry(id);
  if (found == nullptr) return std::nullopt;
  archive::SettledPayment payment{.id = id,
                                  .amount = found->amount(),
                                  .accepted_at = found->accepted_at,
                                  .settlement = {.processor = found->processor(),
                                                 .number = 1,
                                                 .requested_at = found->requested_at,
                                                 .amount = found->amount(),
                                                 .settled_at = found->settled_at,
                                                 .finding = found->finding()},
                                  .attempts = {}};
  if (found->has_more()) {
    const More& more = more_.at(id);
    payment.settlement.number = more.settled_by;
    payment.settlement.amount = more.booked;
    payment.attempts = more.attempts;
  } else {
    payment.attempts = {{.number = 1,
                         .processor = found->processor(),
                         .requested_at = found->requested_at,
                         .outcome = payment::Outcome::taken}};
  }
  return payment;
}

std::size_t SettledPayments::size() const {
  std::size_t size = 0;
  for (const auto& shard : shards_) size += shard.size();
  return size;
}

std::vector<payment::CorrelationId> SettledPayments::sorted_ids() const {
  std::vector<payment::CorrelationId> ids;
  ids.reserve(size());
  for (const auto& shard : shards_) {
    for (const auto& [id, found] : shard) ids.push_back(id);
  }
  std::ranges::sort(ids);
  return ids;
}

}  // namespace payswitch::store::embedded
