#include "metrics/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace payswitch::metrics {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

// The longest value that is kept within 1/16: beyond it all share the last bucket.
constexpr nanoseconds longest{(std::int64_t{31} << 38) - 1};

// Of every size equally often, from a nanosecond to 2.3 hours.
nanoseconds random_value(std::mt19937_64& random) {
  const double size = std::uniform_real_distribution(0.0, std::log2(longest.count()))(random);
  return nanoseconds(std::llround(std::exp2(size)));
}

nanoseconds only_quantile(nanoseconds value) {
  Histogram histogram;
  histogram.record(value);
  histogram.record(nanoseconds::max());  // so that max() does not stand in for the bucket's edge
  return histogram.quantile(0);
}

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.sum(), 0s);
  EXPECT_EQ(histogram.max(), 0ns);
  EXPECT_EQ(histogram.quantile(0.5), 0ns);
  EXPECT_EQ(histogram.count_up_to(nanoseconds::max()), 0u);
}

TEST(Histogram, KeepsEveryValueWithinASixteenth) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const nanoseconds value = random_value(random);
    const nanoseconds kept = only_quantile(value);
    ASSERT_GE(kept, value);
    ASSERT_LE((kept - value).count(), value.count() / 16) << value.count();
  }
}

TEST(Histogram, KeepsTheEndsOfItsRangeAndSharesOneBucketBeyondIt) {
  for (std::int64_t nanos = 0; nanos < 32; ++nanos) {
    EXPECT_EQ(only_quantile(nanoseconds(nanos)), nanoseconds(nanos));
  }
  EXPECT_GT(longest, 2h + 18min);
  EXPECT_EQ(only_quantile(longest), longest);
  EXPECT_EQ(only_quantile(longest + 1ns), nanoseconds::max());
}

TEST(Histogram, EveryBucketBeginsRightAfterTheOneBefore) {
  nanoseconds edge = only_quantile(0ns);
  int buckets = 1;
  while (edge < longest) {
    const nanoseconds next = only_quantile(edge + 1ns);
    ASSERT_EQ(only_quantile(next), next);
    edge = next;
    ++buckets;
  }
  EXPECT_EQ(buckets, 639);
}

TEST(Histogram, QuantilesAreThoseOfTheSortedValues) {
  std::mt19937_64 random(2);
  Histogram histogram;
  std::vector<nanoseconds> values;
  for (int i = 0; i < 9'973; ++i) {  // a prime: no rank falls on a whole number
    values.push_back(random_value(random));
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.0, 0.0001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::max(std::ceil(q * 9'973), 1.0));
    const nanoseconds exact = values[rank - 1];
    EXPECT_GE(histogram.quantile(q), exact) << q;
    EXPECT_LE(histogram.quantile(q), exact + exact / 16) << q;
  }
  EXPECT_EQ(histogram.quantile(1), values.back());
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(Histogram, CountsAValueThatEqualsTheBound) {
  Histogram histogram;
  histogram.record(99ms);
  histogram.record(100ms);
  histogram.record(110ms);
  EXPECT_EQ(histogram.count_up_to(-1ns), 0u);
  EXPECT_EQ(histogram.count_up_to(90ms), 0u);
  EXPECT_EQ(histogram.count_up_to(100ms), 2u);
  EXPECT_EQ(histogram.count_up_to(110ms), 3u);
  EXPECT_EQ(histogram.count_up_to(nanoseconds::max()), 3u);
}

TEST(Histogram, ABoundCountsEverythingUpToItAndNothingASixteenthBeyond) {
  std::mt19937_64 random(3);
  Histogram histogram;
  std::vector<nanoseconds> values;
  for (int i = 0; i < 2'000; ++i) {
    values.push_back(random_value(random));
    histogram.record(values.back());
  }
  const auto naive = [&](nanoseconds bound) {
    const auto within = [&](nanoseconds value) { return value <= bound; };
    return static_cast<std::uint64_t>(std::count_if(values.begin(), values.end(), within));
  };
  for (int i = 0; i < 2'000; ++i) {
    const nanoseconds bound = random_value(random);
    ASSERT_GE(histogram.count_up_to(bound), naive(bound));
    ASSERT_LE(histogram.count_up_to(bound), naive(bound + bound / 16));
  }
}

TEST(Histogram, ANegativeValueCountsAsZero) {
  Histogram histogram;
  histogram.record(-5s);
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.count_up_to(0ns), 1u);
  EXPECT_EQ(histogram.sum(), 0s);
}

TEST(Histogram, AddsUpMoreThan64BitsOfNanoseconds) {
  Histogram histogram;
  for (int i = 0; i < 4; ++i) histogram.record(nanoseconds::max());
  EXPECT_DOUBLE_EQ(histogram.sum().count(), 4 * 9223372036.854775807);
  EXPECT_EQ(histogram.quantile(0.5), nanoseconds::max());
}

TEST(Histogram, AddsUpExactlyWhatWasRecorded) {
  Histogram histogram;
  for (int i = 1; i <= 1'000; ++i) histogram.record(nanoseconds(i * 1'000'003));
  EXPECT_DOUBLE_EQ(histogram.sum().count(), 500.5015015);
}

TEST(Histogram, MergingIsAsIfEveryValueHadBeenRecordedInOne) {
  std::mt19937_64 random(4);
  Histogram left;
  Histogram right;
  Histogram both;
  for (int i = 0; i < 1'000; ++i) {
    const nanoseconds value = random_value(random);
    (i % 3 == 0 ? left : right).record(value);
    both.record(value);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), both.count());
  EXPECT_EQ(left.sum(), both.sum());
  EXPECT_EQ(left.max(), both.max());
  for (double q = 0; q <= 1; q += 0.01) EXPECT_EQ(left.quantile(q), both.quantile(q));
}

TEST(FineHistogram, KeepsEveryValueWithinAHundredAndTwentyEighth) {
  constexpr nanoseconds fine_longest{(std::int64_t{255} << 35) - 1};
  EXPECT_GT(fine_longest, 2h + 18min);
  const auto kept = [](nanoseconds value) {
    FineHistogram histogram;
    histogram.record(value);
    histogram.record(nanoseconds::max());
    return histogram.quantile(0);
  };
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const nanoseconds value = std::min(random_value(random), fine_longest);
    ASSERT_GE(kept(value), value);
    ASSERT_LE((kept(value) - value).count(), value.count() / 128) << value.count();
  }
  for (std::int64_t nanos = 0; nanos < 256; ++nanos) {
    EXPECT_EQ(kept(nanoseconds(nanos)), nanoseconds(nanos));
  }
  EXPECT_EQ(kept(fine_longest), fine_longest);
  EXPECT_EQ(kept(fine_longest + 1ns), nanoseconds::max());
}

TEST(HistogramDeathTest, AQuantileOutsideZeroToOneIsABug) {
  const Histogram histogram;
  EXPECT_DEATH((void)histogram.quantile(-0.01), "q >= 0");
  EXPECT_DEATH((void)histogram.quantile(1.01), "q <= 1");
}

}  // namespace
}  // namespace payswitch::metrics
