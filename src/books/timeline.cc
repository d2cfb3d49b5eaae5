#include "books/timeline.h"

namespace payswitch::books {
namespace {

using Buckets = std::map<std::int64_t, payment::Total>;

// A bucket that is the last one, or comes after it, takes no search.
payment::Total& bucket_at(Buckets& buckets, std::int64_t key) {
  const auto last = buckets.rbegin();
  if (last == buckets.rend() || last->first < key) {
    return buckets.emplace_hint(buckets.end(), key, payment::Total{})->second;
  }
  if (last->first == key) return last->second;
  return buckets[key];
}

// Both ends inclusive.
payment::Total sum_of(const Buckets& buckets, std::int64_t first, std::int64_t last) {
  payment::Total total;
  const auto end = buckets.upper_bound(last);
  for (auto bucket = buckets.lower_bound(first); bucket != end; ++bucket) total += bucket->second;
  return total;
}

}  // namespace

// Shifting right rounds towards the past on either side of 1970, so no bucket straddles it.
void Timeline::add(payment::UtcMs time, payment::Money amount) {
  std::int64_t key = time.value;
  for (Level& level : levels_) {
    bucket_at(level, key).add(amount);
    key >>= level_bits;
  }
}

// Level by level: what sticks out of the next level's buckets is added up on this one, and the
// whole ones are left to the next. Only ends that exist are computed, so that none overflows.
payment::Total Timeline::sum(payment::UtcMs from, payment::UtcMs to) const {
  constexpr std::int64_t inside = (1 << level_bits) - 1;
  payment::Total total;
  if (from > to) return total;
  std::int64_t first = from.value;
  std::int64_t last = to.value;
  for (std::size_t level = 0; level + 1 < level_count; ++level) {
    const bool ragged_first = (first & inside) != 0;
    const bool ragged_last = (last & inside) != inside;
    const std::int64_t whole_first = (first >> level_bits) + (ragged_first ? 1 : 0);
    const std::int64_t whole_last = (last >> level_bits) - (ragged_last ? 1 : 0);
    if (whole_first > whole_last) return total += sum_of(levels_[level], first, last);
    if (ragged_first) total += sum_of(levels_[level], first, first | inside);
    if (ragged_last) total += sum_of(levels_[level], last & ~inside, last);
    first = whole_first;
    last = whole_last;
  }
  return total += sum_of(levels_.back(), first, last);
}

}  // namespace payswitch::books
