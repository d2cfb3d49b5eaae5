#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "payment/money.h"
#include "store/archive/format.h"
#include "store/archive/settled_payment.h"

// Payments and sums as they lie in the pages of an archive file, and back. Pure.
namespace payswitch::store::archive {

// One payment as bytes: its slot and what follows it.
struct Entry {
  Slot slot;
  std::array<StoredAttempt, max_attempts_remembered> attempts;

  payment::CorrelationId id() const { return payment::CorrelationId(slot.id); }
  std::uint64_t slots() const;  // that it takes in a page
};
static_assert(1 + max_attempts_remembered / attempts_per_slot <= slots_per_page);

Entry make_entry(const SettledPayment& payment);
SettledPayment read_entry(const Entry& entry);

payment::Total read_total(std::uint64_t count, std::uint64_t cents_low, std::uint64_t cents_high);
std::uint64_t low_half(__int128 cents);
std::uint64_t high_half(__int128 cents);

// A page in the making, or one that was read. One of them holds slots, or sums.
class Page {
 public:
  static constexpr std::size_t alignment = 64;

  std::span<std::byte> bytes() { return bytes_; }

  // -- making -------------------------------------------------------------------------------
  void clear() { bytes_.fill(std::byte{0}); }
  bool empty() const { return count() == 0; }
  bool has_room_for(const Entry& entry) const { return count() + entry.slots() <= slots_per_page; }
  void add(const Entry& entry);
  bool has_room_for_sum() const { return count() < sums_per_page; }
  void add(const Sum& sum);
  std::span<const std::byte> close(const PagePlace& place);  // with its checksum

  // -- reading ------------------------------------------------------------------------------
  bool is_intact(const PagePlace& place) const;  // and was written for there
  // The payment whose slot is at `slot`; moves `slot` on after it. nullopt: at the end, or what is
  // there was never written.
  std::optional<Entry> next(std::uint32_t& slot) const;
  std::optional<Entry> find(const payment::CorrelationId& id) const;
  std::uint32_t count() const;
  Sum sum(std::uint32_t index) const;
  // What was booked up to and including `time`; nullopt: the first sum is later.
  std::optional<Sum> last_sum_until(std::int64_t time) const;

 private:
  void set_count(std::uint32_t count);
  std::byte* at(std::uint64_t index, std::uint64_t size) {
    return bytes_.data() + sizeof(PageHeader) + index * size;
  }
  const std::byte* at(std::uint64_t index, std::uint64_t size) const {
    return bytes_.data() + sizeof(PageHeader) + index * size;
  }
  std::uint64_t checksum(const PagePlace& place) const;

  alignas(alignment) std::array<std::byte, page_bytes> bytes_{};
};

}  // namespace payswitch::store::archive
