#include "books/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <ostream>
#include <random>
#include <vector>

namespace payswitch::payment {

void PrintTo(const Total& total, std::ostream* out) {
  *out << total.count << " payments, " << total.amount();
}

}  // namespace payswitch::payment

namespace payswitch::books {
namespace {

using payment::Money;
using payment::Total;
using payment::UtcMs;

constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t latest = std::numeric_limits<std::int64_t>::max();

// What a timeline must say, from a plain list.
class NaiveTimeline {
 public:
  void add(UtcMs time, Money amount) { entries_.push_back({time, amount}); }

  Total sum(UtcMs from, UtcMs to) const {
    Total total;
    for (const auto& [time, amount] : entries_) {
      if (from <= time && time <= to) total.add(amount);
    }
    return total;
  }

 private:
  std::vector<std::pair<UtcMs, Money>> entries_;
};

class Times {
 public:
  explicit Times(std::uint64_t seed) : random_(seed) {}

  // Around `center`, near or far in powers of two: every level gets ragged and whole buckets.
  std::int64_t around(std::int64_t center, int max_bits) {
    const int bits = static_cast<int>(random_() % static_cast<std::uint64_t>(max_bits + 1));
    const auto distance = static_cast<std::int64_t>(random_() & ((std::uint64_t{1} << bits) - 1));
    return random_() % 2 == 0 ? center + distance : center - distance;
  }

  // At, just before or just after the edge of a bucket of some level.
  std::int64_t near_edge(std::int64_t center, int max_bits) {
    const int level = static_cast<int>(random_() % 7);
    const std::int64_t edge = around(center, max_bits) & ~((std::int64_t{1} << 5 * level) - 1);
    return edge + static_cast<std::int64_t>(random_() % 3) - 1;
  }

  std::int64_t any(std::int64_t center, int max_bits) {
    return random_() % 2 == 0 ? around(center, max_bits) : near_edge(center, max_bits);
  }

  Money amount() { return Money::from_cents(static_cast<std::int64_t>(random_() % 1'000'000)); }

  bool one_in(std::uint64_t n) { return random_() % n == 0; }

 private:
  std::mt19937_64 random_;
};

void expect_naive_sums(std::uint64_t seed, std::int64_t center, int max_bits) {
  Times times(seed);
  Timeline timeline;
  NaiveTimeline naive;
  for (int i = 0; i < 2'000; ++i) {
    const UtcMs time{times.any(center, max_bits)};
    const Money amount = times.amount();
    timeline.add(time, amount);
    naive.add(time, amount);
  }
  for (int i = 0; i < 5'000; ++i) {
    const UtcMs from = times.one_in(20) ? UtcMs::min() : UtcMs{times.any(center, max_bits)};
    const UtcMs to = times.one_in(20) ? UtcMs::max() : UtcMs{times.any(center, max_bits)};
    ASSERT_EQ(timeline.sum(from, to), naive.sum(from, to)) << from.value << " to " << to.value;
  }
}

TEST(Timeline, IsEmptyAtFirst) {
  const Timeline timeline;
  EXPECT_EQ(timeline.sum(UtcMs::min(), UtcMs::max()), Total());
  EXPECT_EQ(timeline.sum({0}, {0}), Total());
}

TEST(Timeline, BothEndsAreInclusive) {
  Timeline timeline;
  timeline.add({1'000}, Money::from_cents(5));
  EXPECT_EQ(timeline.sum({1'000}, {1'000}), (Total{.count = 1, .cents = 5}));
  EXPECT_EQ(timeline.sum({999}, {1'000}).count, 1u);
  EXPECT_EQ(timeline.sum({1'000}, {1'001}).count, 1u);
  EXPECT_EQ(timeline.sum({1'001}, {2'000}).count, 0u);
  EXPECT_EQ(timeline.sum({0}, {999}).count, 0u);
}

TEST(Timeline, AWindowThatEndsBeforeItBeginsIsEmpty) {
  Timeline timeline;
  for (const std::int64_t time : {0, 1, 1'023, 1'024, 5'000}) {
    timeline.add({time}, Money::from_cents(1));
  }
  EXPECT_EQ(timeline.sum({1}, {0}), Total());
  EXPECT_EQ(timeline.sum({5'000}, {0}), Total());
  EXPECT_EQ(timeline.sum(UtcMs::max(), UtcMs::min()), Total());
}

TEST(Timeline, TheEndsOfTimeAreMomentsLikeAnyOther) {
  Timeline timeline;
  for (const std::int64_t time : {earliest, earliest + 1, latest - 1, latest}) {
    timeline.add({time}, Money::from_cents(1));
  }
  EXPECT_EQ(timeline.sum(UtcMs::min(), UtcMs::max()).count, 4u);
  EXPECT_EQ(timeline.sum({earliest + 1}, {latest - 1}).count, 2u);
  EXPECT_EQ(timeline.sum({earliest + 2}, {latest - 2}).count, 0u);
  EXPECT_EQ(timeline.sum({latest}, {latest}).count, 1u);
  EXPECT_EQ(timeline.sum({earliest}, {earliest}).count, 1u);
  EXPECT_EQ(timeline.sum({earliest}, {0}).count, 2u);
  EXPECT_EQ(timeline.sum({0}, {latest}).count, 2u);
}

TEST(Timeline, SumsOfAFewMillisecondsAreThoseOfAList) {
  expect_naive_sums(1, 0, 6);
}
TEST(Timeline, SumsOfSecondsAroundNowAreThoseOfAList) {
  expect_naive_sums(2, 1'751'976'000'000, 14);
}
TEST(Timeline, SumsOfHoursAroundNowAreThoseOfAList) {
  expect_naive_sums(3, 1'751'976'000'000, 24);
}
TEST(Timeline, SumsOfYearsAroundNowAreThoseOfAList) {
  expect_naive_sums(4, 1'751'976'000'000, 36);
}
TEST(Timeline, SumsOnBothSidesOf1970AreThoseOfAList) {
  expect_naive_sums(5, 0, 33);
}
TEST(Timeline, SumsLongBefore1970AreThoseOfAList) {
  expect_naive_sums(6, -62'167'219'200'000, 33);
}
TEST(Timeline, SumsOverAllOfTimeAreThoseOfAList) {
  expect_naive_sums(7, 0, 62);
}

TEST(Timeline, ASumSeesWhatWasAddedJustBeforeInAnyOrder) {
  Times times(8);
  Timeline timeline;
  NaiveTimeline naive;
  std::int64_t now = 1'751'976'000'000;
  for (int i = 0; i < 3'000; ++i) {
    now += times.one_in(2) ? 0 : times.around(500, 8);
    const UtcMs time{times.one_in(3) ? times.around(now, 20) : now};
    const Money amount = times.amount();
    timeline.add(time, amount);
    naive.add(time, amount);
    const UtcMs from{times.any(now, 22)};
    ASSERT_EQ(timeline.sum(from, time), naive.sum(from, time));
    ASSERT_EQ(timeline.sum(from, UtcMs::max()), naive.sum(from, UtcMs::max()));
  }
}

TEST(Timeline, AMinuteIsTheSumOfItsMilliseconds) {
  Timeline timeline;
  for (std::int64_t time = 0; time < 60'000; ++time) timeline.add({time}, Money::from_cents(time));
  EXPECT_EQ(timeline.sum({0}, {59'999}), (Total{.count = 60'000, .cents = 1'799'970'000}));
  for (std::int64_t from = 0; from < 60'000; from += 997) {
    for (std::int64_t to = from; to < 60'000; to += 1'009) {
      const __int128 cents = static_cast<__int128>(from + to) * (to - from + 1) / 2;
      const auto count = static_cast<std::uint64_t>(to - from + 1);
      ASSERT_EQ(timeline.sum({from}, {to}), (Total{.count = count, .cents = cents}));
    }
  }
}

TEST(Timeline, ACopyIsIndependent) {
  Timeline timeline;
  timeline.add({5}, Money::from_cents(1));
  Timeline copy = timeline;
  copy.add({5}, Money::from_cents(1));
  EXPECT_EQ(timeline.sum({5}, {5}).count, 1u);
  EXPECT_EQ(copy.sum({5}, {5}).count, 2u);
}

}  // namespace
}  // namespace payswitch::books
