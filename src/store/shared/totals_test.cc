#include "store/shared/totals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <set>

namespace payswitch::store::shared {
namespace {

using payment::UtcMs;

constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
constexpr auto highest = std::numeric_limits<std::int64_t>::max();
// The widest bucket: 2^30 ms, 12.4 days.
constexpr std::int64_t widest = std::int64_t{1} << 30;

// What Redis would hold, and how the script `sum` would add it up.
class Totals {
 public:
  void add(UtcMs time, std::int64_t amount) {
    all_.push_back({time.value, amount});
    const BucketFields fields = buckets_of(time);
    for (const std::string& field : fields) cents_[field] += amount;
  }

  // As the script reads it: the fields that are named, and the widest buckets in the range.
  std::int64_t sum(const books::Window& window) const {
    const BucketRange range = buckets_of(window);
    std::int64_t cents = 0;
    const auto held = [this](const std::string& field) {
      EXPECT_NE(field.find(':'), std::string::npos) << "the widest are not named";
      const auto found = cents_.find(field);
      return found == cents_.end() ? 0 : found->second;
    };
    for (const std::string& field : range.added) cents += held(field);
    for (const std::string& field : range.taken_off) cents -= held(field);
    for (const auto& [field, amount] : cents_) {
      if (field.find(':') != std::string::npos) continue;
      const std::int64_t bucket = std::stoll(field);
      if (range.widest_begin <= bucket && bucket < range.widest_end) cents += amount;
    }
    return cents;
  }

  std::int64_t naive_sum(const books::Window& window) const {
    std::int64_t cents = 0;
    for (const auto& [time, amount] : all_) {
      if (window.from.value <= time && time <= window.to.value) cents += amount;
    }
    return cents;
  }

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> all_;
  std::map<std::string, std::int64_t> cents_;
};

TEST(Totals, AMomentLiesInOneBucketOfEachWidth) {
  const BucketFields fields = buckets_of(UtcMs{1'749'945'600'123});
  EXPECT_EQ(fields[0], "0:1749945600123");
  EXPECT_EQ(fields[1], "1:27342900001");  // div 64
  EXPECT_EQ(fields[2], "2:427232812");
  EXPECT_EQ(fields[3], "3:6675512");
  EXPECT_EQ(fields[4], "4:104304");
  EXPECT_EQ(fields[5], "1629");
}

TEST(Totals, TimesBefore1970RoundDown) {
  EXPECT_EQ(buckets_of(UtcMs{-1}), (BucketFields{"0:-1", "1:-1", "2:-1", "3:-1", "4:-1", "-1"}));
  EXPECT_EQ(buckets_of(UtcMs{-65})[1], "1:-2");
}

TEST(Totals, ManyRandomWindowsAgreeWithANaiveSum) {
  std::mt19937_64 random(20250708);
  // The scales at which payments cluster: moments, seconds, days, years.
  for (const std::int64_t span :
       {std::int64_t{100}, std::int64_t{5'000}, std::int64_t{400'000}, 3 * widest, 200 * widest}) {
    for (const std::int64_t origin : {std::int64_t{1'749'945'600'000}, -span / 2, 5 * widest}) {
      Totals totals;
      std::vector<std::int64_t> times;
      std::uniform_int_distribution<std::int64_t> within(0, span);
      for (int i = 0; i < 300; ++i) {
        times.push_back(origin + within(random));
        totals.add(UtcMs{times.back()}, std::int64_t{1} + static_cast<std::int64_t>(i) * 1'000);
      }
      for (int i = 0; i < 300; ++i) {
        std::int64_t from = origin + within(random);
        std::int64_t to = origin + within(random);
        // Half of the ends lie on a payment, or right beside it.
        if (i % 2 == 0) from = times[random() % times.size()] + static_cast<int>(random() % 3) - 1;
        if (i % 4 < 2) to = times[random() % times.size()] + static_cast<int>(random() % 3) - 1;
        const books::Window window{UtcMs{from}, UtcMs{to}};
        ASSERT_EQ(totals.sum(window), totals.naive_sum(window)) << from << " to " << to;
      }
    }
  }
}

TEST(Totals, WindowsAtTheEdgesOfBuckets) {
  Totals totals;
  std::vector<std::int64_t> edges;
  for (int bits = 0; bits <= 36; bits += 6) {
    for (const std::int64_t beside : {-1, 0, 1}) {
      for (const std::int64_t sign : {-1, 1}) {
        edges.push_back(sign * (std::int64_t{1} << bits) + beside);
      }
    }
  }
  std::int64_t amount = 1;
  for (const std::int64_t edge : edges) totals.add(UtcMs{edge}, amount++);
  for (const std::int64_t from : edges) {
    for (const std::int64_t to : edges) {
      const books::Window window{UtcMs{from}, UtcMs{to}};
      ASSERT_EQ(totals.sum(window), totals.naive_sum(window)) << from << " to " << to;
    }
  }
}

TEST(Totals, TheWholeOfTimeHasEverythingAndNamesNoSmallBucket) {
  Totals totals;
  for (const std::int64_t time : {lowest, std::int64_t{-1}, std::int64_t{0}, highest}) {
    totals.add(UtcMs{time}, 7);
  }
  const books::Window everything;
  EXPECT_EQ(totals.sum(everything), 28);
  EXPECT_TRUE(buckets_of(everything).added.empty());
  EXPECT_TRUE(buckets_of(everything).taken_off.empty());
  EXPECT_EQ(totals.sum({UtcMs{0}, UtcMs::max()}), 14);
  EXPECT_EQ(totals.sum({UtcMs::min(), UtcMs{-1}}), 14);
}

TEST(Totals, AWindowWhoseEndIsBeforeItsBeginningIsEmpty) {
  for (const auto& [from, to] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {1, 0}, {highest, lowest}, {widest, 0}, {5, 4}, {highest, highest - 1}}) {
    const BucketRange range = buckets_of(books::Window{UtcMs{from}, UtcMs{to}});
    EXPECT_TRUE(range.added.empty());
    EXPECT_TRUE(range.taken_off.empty());
    EXPECT_GE(range.widest_begin, range.widest_end);
  }
}

TEST(Totals, WhatIsMostOfAWiderBucketIsThatOneLessTheRest) {
  const BucketRange range = buckets_of(books::Window{UtcMs{2}, UtcMs{128 + 62}});
  EXPECT_EQ(range.taken_off, (std::vector<std::string>{"0:0", "0:1", "0:191"}));
  EXPECT_EQ(range.added, (std::vector<std::string>{"1:0", "1:1", "1:2"}));
}

// A script's arguments and HMGET's stay few: Lua unpacks no more than about 8,000.
TEST(Totals, AWindowNamesAFewHundredBucketsAtMostAndNoneTwice) {
  std::mt19937_64 random(7);
  constexpr std::size_t most = 2 * 32 * (bucket_widths - 1);
  const auto named = [](std::int64_t from, std::int64_t to) {
    BucketRange range = buckets_of(books::Window{UtcMs{from}, UtcMs{to}});
    std::ranges::move(range.taken_off, std::back_inserter(range.added));
    return range.added;
  };
  std::size_t longest = 0;
  for (int i = 0; i < 2'000; ++i) {
    const auto from = static_cast<std::int64_t>(random() % (100 * widest));
    const auto to = from + static_cast<std::int64_t>(random() % (100 * widest));
    const auto fields = named(from, to);
    EXPECT_EQ(std::set(fields.begin(), fields.end()).size(), fields.size());
    longest = std::max(longest, fields.size());
  }
  EXPECT_LE(longest, most);
  // 32 to the nearest edge at every width; what is rounded up counts as one at the next.
  std::int64_t from = 0;
  for (const int digit : {31, 31, 31, 31, 32}) from = from * 64 + digit;
  EXPECT_EQ(named(from, 3 * widest + from - 1).size(), most);
}

}  // namespace
}  // namespace payswitch::store::shared
