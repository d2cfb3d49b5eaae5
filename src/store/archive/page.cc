#include "store/archive/page.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>

namespace payswitch::store::archive {

std::uint64_t Entry::slots() const {
  return 1 + (slot.attempt_count + attempts_per_slot - 1) / attempts_per_slot;
}

Entry make_entry(const SettledPayment& payment) {
  const Settlement& settlement = payment.settlement;
  const bool plain = payment.is_plain();
  assert(payment.attempts.size() <= max_attempts_remembered);
  Entry entry{.slot = {.id = payment.id.bytes(),
                       .cents = payment.amount.cents(),
                       .accepted_at = payment.accepted_at.value,
                       .requested_at = settlement.requested_at.value,
                       .settled_at = settlement.settled_at.value,
                       .booked_cents = settlement.amount.cents(),
                       .settled_by = settlement.number,
                       .processor = settlement.processor,
                       .flags = settlement.finding ? journal::flag_finding : std::uint8_t{0},
                       .attempt_count = plain ? std::uint8_t{0}
                                              : static_cast<std::uint8_t>(payment.attempts.size()),
                       .reserved = 0},
              .attempts = {}};
  for (std::size_t i = 0; i < entry.slot.attempt_count; ++i) {
    const AttemptView& attempt = payment.attempts[i];
    entry.attempts[i] = {
        .requested_at = attempt.requested_at.value,
        .number = attempt.number,
        .processor = attempt.processor,
        .outcome = attempt.outcome ? static_cast<std::uint8_t>(*attempt.outcome) : no_outcome,
        .reserved = {}};
  }
  return entry;
}

SettledPayment read_entry(const Entry& entry) {
  const Slot& slot = entry.slot;
  SettledPayment payment{.id = entry.id(),
                         .amount = payment::Money::from_cents(slot.cents),
                         .accepted_at = {slot.accepted_at},
                         .settlement = {.processor = slot.processor,
                                        .number = slot.settled_by,
                                        .requested_at = {slot.requested_at},
                                        .amount = payment::Money::from_cents(slot.booked_cents),
                                        .settled_at = {slot.settled_at},
                                        .finding = (slot.flags & journal::flag_finding) != 0},
                         .attempts = {}};
  for (std::size_t i = 0; i < slot.attempt_count; ++i) {
    const StoredAttempt& attempt = entry.attempts[i];
    auto& view = payment.attempts.emplace_back(AttemptView{.number = attempt.number,
                                                           .processor = attempt.processor,
                                                           .requested_at = {attempt.requested_at},
                                                           .outcome = std::nullopt});
    if (attempt.outcome != no_outcome) view.outcome = payment::Outcome{attempt.outcome};
  }
  if (payment.attempts.empty()) {
    payment.attempts.push_back({.number = 1,
                                .processor = slot.processor,
                                .requested_at = {slot.requested_at},
                                .outcome = payment::Outcome::taken});
  }
  return payment;
}

payment::Total read_total(std::uint64_t count, std::uint64_t cents_low, std::uint64_t cents_high) {
  const auto cents = static_cast<unsigned __int128>(cents_high) << 64 | cents_low;
  return {.count = count, .cents = static_cast<__int128>(cents)};
}

std::uint64_t low_half(__int128 cents) {
  return static_cast<std::uint64_t>(cents);
}

std::uint64_t high_half(__int128 cents) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(cents) >> 64);
}

// -- making -----------------------------------------------------------------------------

void Page::add(const Entry& entry) {
  assert(has_room_for(entry));
  const auto first = count();
  std::memcpy(at(first, slot_bytes), &entry.slot, sizeof(entry.slot));
  std::memcpy(at(first + 1, slot_bytes), entry.attempts.data(),
              entry.slot.attempt_count * sizeof(StoredAttempt));
  set_count(first + static_cast<std::uint32_t>(entry.slots()));
}

void Page::add(const Sum& sum) {
  assert(has_room_for_sum());
  const auto index = count();
  std::memcpy(at(index, sizeof(sum)), &sum, sizeof(sum));
  set_count(index + 1);
}

std::span<const std::byte> Page::close(const PagePlace& place) {
  const auto sum = checksum(place);
  std::memcpy(bytes_.data(), &sum, sizeof(sum));
  return bytes_;
}

void Page::set_count(std::uint32_t count) {
  std::memcpy(bytes_.data() + offsetof(PageHeader, count), &count, sizeof(count));
}

std::uint64_t Page::checksum(const PagePlace& place) const {
  constexpr auto covered = sizeof(PageHeader::checksum);
  return XXH3_64bits_withSeed(bytes_.data() + covered, bytes_.size() - covered,
                              XXH3_64bits(&place, sizeof(place)));
}

// -- reading ----------------------------------------------------------------------------

bool Page::is_intact(const PagePlace& place) const {
  std::uint64_t sum;
  std::memcpy(&sum, bytes_.data(), sizeof(sum));
  return sum == checksum(place);
}

std::uint32_t Page::count() const {
  std::uint32_t count;
  std::memcpy(&count, bytes_.data() + offsetof(PageHeader, count), sizeof(count));
  return count;
}

std::optional<Entry> Page::next(std::uint32_t& slot) const {
  const auto end = std::min<std::uint64_t>(count(), slots_per_page);
  if (slot >= end) return std::nullopt;
  Entry entry;
  std::memcpy(&entry.slot, at(slot, slot_bytes), sizeof(entry.slot));
  const bool fits =
      entry.slot.attempt_count <= max_attempts_remembered && slot + entry.slots() <= end;
  if (!fits) return std::nullopt;
  std::memcpy(entry.attempts.data(), at(slot + 1, slot_bytes),
              entry.slot.attempt_count * sizeof(StoredAttempt));
  slot += static_cast<std::uint32_t>(entry.slots());
  return entry;
}

std::optional<Entry> Page::find(const payment::CorrelationId& id) const {
  std::uint32_t slot = 0;
  while (const auto entry = next(slot)) {
    if (entry->id() == id) return entry;
  }
  return std::nullopt;
}

Sum Page::sum(std::uint32_t index) const {
  assert(index < sums_per_page);
  Sum sum;
  std::memcpy(&sum, at(index, sizeof(sum)), sizeof(sum));
  return sum;
}

std::optional<Sum> Page::last_sum_until(std::int64_t time) const {
  std::uint32_t low = 0;  // sums before it are not later
  auto high = static_cast<std::uint32_t>(std::min<std::uint64_t>(count(), sums_per_page));
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (sum(middle).time <= time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return std::nullopt;
  return sum(low - 1);
}

}  // namespace payswitch::store::archive
