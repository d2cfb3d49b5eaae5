#include "metrics/histogram.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <numeric>

namespace payswitch::metrics {

using std::chrono::nanoseconds;

template <int sub_bits>
void BasicHistogram<sub_bits>::record(nanoseconds value) {
  value = std::max(value, nanoseconds(0));
  ++buckets_[index_of(value)];
  ++count_;
  sum_nanos_ += value.count();
  max_ = std::max(max_, value);
}

template <int sub_bits>
std::chrono::duration<double> BasicHistogram<sub_bits>::sum() const {
  return std::chrono::duration<double>(static_cast<double>(sum_nanos_) / 1e9);
}

template <int sub_bits>
nanoseconds BasicHistogram<sub_bits>::quantile(double q) const {
  assert(q >= 0 && q <= 1);
  if (count_ == 0) return nanoseconds(0);
  const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_)));
  const std::uint64_t rank = std::clamp<std::uint64_t>(wanted, 1, count_);
  std::uint64_t seen = 0;
  std::size_t index = 0;
  while ((seen += buckets_[index]) < rank) ++index;
  return std::min(upper_edge(index), max_);
}

template <int sub_bits>
std::uint64_t BasicHistogram<sub_bits>::count_up_to(nanoseconds bound) const {
  if (bound < nanoseconds(0)) return 0;
  const auto end = buckets_.begin() + static_cast<std::ptrdiff_t>(index_of(bound)) + 1;
  return std::accumulate(buckets_.begin(), end, std::uint64_t{0});
}

template <int sub_bits>
void BasicHistogram<sub_bits>::merge(const BasicHistogram& other) {
  for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_nanos_ += other.sum_nanos_;
  max_ = std::max(max_, other.max_);
}

// The first 2^sub_bits buckets hold one value each; every power of two from there on has as many.
// So the bits below the leading one, cut to sub_bits, follow the count of powers passed.
template <int sub_bits>
std::size_t BasicHistogram<sub_bits>::index_of(nanoseconds value) {
  const auto nanos = static_cast<std::uint64_t>(value.count());
  constexpr std::uint64_t parts = 1 << sub_bits;
  if (nanos < parts) return nanos;
  const auto shift = static_cast<int>(std::bit_width(nanos)) - 1 - sub_bits;
  const std::uint64_t part = (nanos >> shift) - parts;
  const std::uint64_t index = (static_cast<std::uint64_t>(shift + 1) << sub_bits) + part;
  return std::min<std::size_t>(index, bucket_count - 1);
}

template <int sub_bits>
nanoseconds BasicHistogram<sub_bits>::upper_edge(std::size_t index) {
  constexpr std::uint64_t parts = 1 << sub_bits;
  if (index == bucket_count - 1) return nanoseconds::max();
  if (index < parts) return nanoseconds(index);
  const auto shift = static_cast<int>(index >> sub_bits) - 1;
  const std::uint64_t next = (index & (parts - 1)) + parts + 1;
  return nanoseconds((next << shift) - 1);
}

template class BasicHistogram<4>;
template class BasicHistogram<7>;

}  // namespace payswitch::metrics
