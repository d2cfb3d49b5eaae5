#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace payswitch::metrics {

// Latencies in logarithmic buckets, each power of two cut into 2^sub_bits equal parts (HDR style):
// any value up to 2.3 h is kept within 1/2^sub_bits of itself, in constant time. Values too short
// for that are kept exactly; longer ones share one bucket, and their maximum is known. Not
// thread-safe.
template <int sub_bits>
class BasicHistogram {
 public:
  // A negative value counts as zero: a measurement must not stop a payment.
  void record(std::chrono::nanoseconds value);

  std::uint64_t count() const { return count_; }

  // Kept exactly, in 128 bits: two million payments that wait an hour each fill 63.
  std::chrono::duration<double> sum() const;

  std::chrono::nanoseconds max() const { return max_; }

  // The upper edge of the bucket that holds the q-th value, q in [0, 1], but no more than max();
  // zero when empty.
  std::chrono::nanoseconds quantile(double q) const;

  // How many values were at most `bound`, where `bound` is rounded up to the edge of its bucket:
  // none that was at most `bound` is left out.
  std::uint64_t count_up_to(std::chrono::nanoseconds bound) const;

  void merge(const BasicHistogram& other);

 private:
  static constexpr int value_bits = 43;
  static constexpr std::size_t bucket_count = (value_bits - sub_bits + 1) << sub_bits;

  static std::size_t index_of(std::chrono::nanoseconds value);
  static std::chrono::nanoseconds upper_edge(std::size_t index);

  std::array<std::uint64_t, bucket_count> buckets_{};
  std::uint64_t count_ = 0;
  __int128 sum_nanos_ = 0;
  std::chrono::nanoseconds max_{0};
};

extern template class BasicHistogram<4>;
extern template class BasicHistogram<7>;

// Within 1/16, in 5 KB: what the switch keeps of itself.
using Histogram = BasicHistogram<4>;
// Within 1/128, in 37 KB: to compare two measurements with.
using FineHistogram = BasicHistogram<7>;

}  // namespace payswitch::metrics
