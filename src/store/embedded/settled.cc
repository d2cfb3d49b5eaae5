#include "store/embedded/settled.h"

#include <cassert>

namespace payswitch::store::embedded {

namespace {

bool is_plain(const Payment& payment, const Settlement& settlement) {
  return payment.attempts_made() == 1 && settlement.number == 1 && !settlement.finding &&
         payment.last.processor == settlement.processor &&
         payment.last.requested_at == settlement.requested_at &&
         payment.amount == settlement.amount;
}

}  // namespace

SettledPayments::Entry::Entry(const Payment& payment, const Settlement& settlement, bool has_more)
    : accepted_at(payment.accepted_at),
      requested_at(settlement.requested_at),
      settled_at(settlement.settled_at),
      packed_(static_cast<std::uint64_t>(payment.amount.cents()) |
              static_cast<std::uint64_t>(settlement.processor) << amount_bits |
              (settlement.finding ? finding_bit : 0) | (has_more ? more_bit : 0)) {}

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

const SettledPayments::Entry* SettledPayments::find(const payment::CorrelationId& id) const {
  const auto& shard = shards_[shard_of(id)];
  const auto found = shard.find(id);
  return found == shard.end() ? nullptr : &found->second;
}

void SettledPayments::add(const Payment& payment, const Settlement& settlement) {
  const bool has_more = !is_plain(payment, settlement);
  const auto [entry, added] =
      shards_[shard_of(payment.id)].try_emplace(payment.id, payment, settlement, has_more);
  assert(added);
  if (!has_more) return;
  auto attempts = payment.attempts();
  for (auto& attempt : attempts) {
    if (attempt.number == settlement.number) attempt.outcome = payment::Outcome::taken;
  }
  more_.try_emplace(payment.id, More{.booked = settlement.amount,
                                     .settled_by = settlement.number,
                                     .attempts = std::move(attempts)});
}

std::optional<payment::Money> SettledPayments::amount(const payment::CorrelationId& id) const {
  const Entry* entry = find(id);
  if (entry == nullptr) return std::nullopt;
  return entry->amount();
}

std::optional<PaymentView> SettledPayments::view(const payment::CorrelationId& id) const {
  const Entry* entry = find(id);
  if (entry == nullptr) return std::nullopt;
  PaymentView view{.id = id,
                   .amount = entry->amount(),
                   .state = payment::State::settled,
                   .accepted_at = entry->accepted_at,
                   .processor = entry->processor(),
                   .requested_at = entry->requested_at,
                   .settled_at = entry->settled_at,
                   .booked_amount = entry->amount(),
                   .finding = entry->finding(),
                   .attempts_made = 1,
                   .attempts = {}};
  if (entry->has_more()) {
    view.booked_amount = more_.at(id).booked;
    view.attempts = more_.at(id).attempts;
    view.attempts_made = view.attempts.back().number;
  } else {
    view.attempts = {{.number = 1,
                      .processor = entry->processor(),
                      .requested_at = entry->requested_at,
                      .outcome = payment::Outcome::taken}};
  }
  return view;
}

std::optional<Settlement> SettledPayments::settlement(const payment::CorrelationId& id) const {
  const Entry* entry = find(id);
  if (entry == nullptr) return std::nullopt;
  Settlement settlement{.processor = entry->processor(),
                        .number = 1,
                        .requested_at = entry->requested_at,
                        .amount = entry->amount(),
                        .settled_at = entry->settled_at,
                        .finding = entry->finding()};
  if (entry->has_more()) {
    const More& more = more_.at(id);
    settlement.number = more.settled_by;
    settlement.amount = more.booked;
  }
  return settlement;
}

std::size_t SettledPayments::size() const {
  std::size_t size = 0;
  for (const auto& shard : shards_) size += shard.size();
  return size;
}

}  // namespace payswitch::store::embedded
