#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "payment/correlation_id.h"
#include "platform/blocks.h"
#include "store/embedded/payment.h"

namespace payswitch::store::embedded {

// The payments that are not settled, each in a place that is its own for as long as it is here, and
// found by its id. An id is kept once, in its payment: the set of ids holds places, and enough of
// each hash that neither a search nor a growing set has to visit payments in vain.
class UnsettledPayments {
 public:
  UnsettledPayments() = default;
  UnsettledPayments(const UnsettledPayments&) = delete;
  UnsettledPayments& operator=(const UnsettledPayments&) = delete;

  // Null when it is not here.
  Payment* find(const payment::CorrelationId& id);
  const Payment* find(const payment::CorrelationId& id) const;

  // That payment is not here yet. The reference is valid until it is removed.
  Payment& add(const payment::CorrelationId& id);

  // It is here.
  void remove(const payment::CorrelationId& id);

  std::size_t size() const { return ids_.size(); }

  // So many places hold a payment, or none: then its home is zero.
  std::size_t places() const { return pool_.size(); }
  Payment& at(std::size_t place) { return pool_[place]; }
  const Payment& at(std::size_t place) const { return pool_[place]; }

 private:
  using Pool = platform::Blocks<Payment>;

  struct Entry {
    std::uint32_t place = 0;
    std::uint32_t hash = 0;
  };
  struct Wanted {
    const payment::CorrelationId& id;
    std::uint32_t hash;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const auto& entry) const { return entry.hash; }
  };
  struct Same {
    using is_transparent = void;
    const Pool* pool;
    bool operator()(const Entry& a, const Entry& b) const { return a.place == b.place; }
    bool operator()(const Wanted& a, const Entry& b) const {
      return a.hash == b.hash && (*pool)[b.place].id == a.id;
    }
    bool operator()(const Entry& a, const Wanted& b) const { return (*this)(b, a); }
  };

  static Wanted wanted(const payment::CorrelationId& id) {
    return {id, static_cast<std::uint32_t>(std::hash<payment::CorrelationId>{}(id))};
  }

  Pool pool_;
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_set<Entry, Hash, Same> ids_{0, Hash{}, Same{&pool_}};
};

}  // namespace payswitch::store::embedded
