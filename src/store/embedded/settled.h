#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "books/books.h"
#include "store/archive/settled_payment.h"
#include "store/embedded/payment.h"
#include "store/store.h"

namespace payswitch::store::embedded {

struct ListCursor;

archive::SettledPayment to_settled(const Payment& payment, const Settlement& settlement);

// Settled payments in memory, in 48 bytes each where all went as it mostly goes: one attempt,
// booked as it was sent. What differs from that is kept beside. Nothing is ever removed. One thread
// adds; once that is over, any thread may read.
class SettledPayments {
 public:
  void add(const archive::SettledPayment& payment);

  // The amount that was accepted; nullopt when no such payment is settled.
  std::optional<payment::Money> amount(const payment::CorrelationId& id) const;

  // What add() was told.
  std::optional<archive::SettledPayment> find(const payment::CorrelationId& id) const;

  std::size_t size() const;

  // The part of Store::list() that is here: goes on after `cursor` and adds to `page` until it is
  // full, nothing is left, or `budget` payments have been looked at (at least one shard's), which
  // it takes off. Whether nothing is left; if not, the page names the next.
  bool list(const books::Window& window, ListCursor cursor, std::size_t& budget, Page& page) const;

  // In their order.
  std::vector<payment::CorrelationId> sorted_ids() const;

 private:
  // Four words: the amount (at most Money::max_cents, 40 bits), the processor and two flags share
  // one.
  class Entry {
   public:
    Entry() = default;
    Entry(const archive::SettledPayment& payment, bool has_more);

    payment::Money amount() const;
    payment::ProcessorNumber processor() const;
    bool finding() const { return (packed_ & finding_bit) != 0; }
    bool has_more() const { return (packed_ & more_bit) != 0; }

    payment::UtcMs accepted_at;
    payment::UtcMs requested_at;
    payment::UtcMs settled_at;

   private:
    static constexpr int amount_bits = 40;
    static constexpr std::uint64_t finding_bit = 1ull << 48;
    static constexpr std::uint64_t more_bit = 1ull << 49;
    static_assert(payment::Money::max_cents < 1ll << amount_bits);

    std::uint64_t packed_ = 0;
  };

  struct More {
    payment::Money booked;
    std::uint32_t settled_by = 0;  // the attempt's number
    std::vector<AttemptView> attempts;
  };

  // A flat map moves all that it holds when it grows; in shards it stops the loop for a 64th of
  // that.
  static constexpr std::size_t shard_count = 64;
  template <class Value>
  using Map =
      boost::unordered_flat_map<payment::CorrelationId, Value, std::hash<payment::CorrelationId>>;

  bool is_in(const books::Window& window, const payment::CorrelationId& id,
             const Entry& entry) const;
  static std::size_t shard_of(const payment::CorrelationId& id);
  const Entry* entry(const payment::CorrelationId& id) const;

  std::array<Map<Entry>, shard_count> shards_;
  Map<More> more_;
};

}  // namespace payswitch::store::embedded
