#include "app/descriptors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace payswitch::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t store = 30;
constexpr std::size_t fixed = descriptors_of_the_process + store;

DescriptorsWanted usual() {
  return {.store = store, .max_in_flight = {800, 800}, .clients = 12'000, .turned_away = 256};
}

std::size_t used(const DescriptorShares& shares) {
  return std::accumulate(shares.max_in_flight.begin(), shares.max_in_flight.end(),
                         fixed + spare_connections * shares.max_in_flight.size() + shares.clients +
                             shares.turned_away);
}

TEST(Descriptors, WhatIsEnoughIsSharedOutAsConfigured) {
  const auto enough = fixed + 2 * 802 + 12'256;
  const auto shares = share_descriptors(enough, usual());
  ASSERT_TRUE(shares.has_value());
  EXPECT_EQ(shares->clients, 12'000u);
  EXPECT_EQ(shares->turned_away, 256u);
  EXPECT_THAT(shares->max_in_flight, ElementsAre(800, 800));
  EXPECT_EQ(say_what_is_lower(enough, usual(), *shares), "");
}

TEST(Descriptors, ClientsGetWhatStoreAndProcessorsLeave) {
  const auto shares = share_descriptors(fixed + 2 * 802 + 4'000, usual());
  ASSERT_TRUE(shares.has_value());
  EXPECT_EQ(shares->clients + shares->turned_away, 4'000u);
  EXPECT_THAT(shares->max_in_flight, ElementsAre(800, 800));
}

TEST(Descriptors, WhereTheRestIsTooLittleForBothEachGetsHalf) {
  const auto shares = share_descriptors(1'024, usual());
  ASSERT_TRUE(shares.has_value());
  const auto half = (1'024 - fixed) / 2;
  EXPECT_EQ(shares->clients + shares->turned_away, half);
  EXPECT_THAT(shares->max_in_flight, ElementsAre(half / 2 - 2, half / 2 - 2));
}

TEST(Descriptors, WhatClientsDoNotWantIsForTheProcessors) {
  auto wanted = usual();
  wanted.clients = 50;
  wanted.turned_away = 10;
  const auto shares = share_descriptors(1'024, wanted);
  ASSERT_TRUE(shares.has_value());
  EXPECT_EQ(shares->clients, 50u);
  EXPECT_GT(shares->max_in_flight[0], 400u);
}

TEST(Descriptors, EveryNumberFromTheLeastOnIsSharedOutAndNeverExceeded) {
  const auto least = fixed + 2 * (1 + spare_connections) + 2;
  for (auto wanted : {usual(), DescriptorsWanted{store, {1, 900}, 1, 256},
                      DescriptorsWanted{store, {5, 1}, 30, 0}}) {
    for (std::size_t granted = least; granted < 16'000; granted += granted < 400 ? 1 : 97) {
      const auto shares = share_descriptors(granted, wanted);
      ASSERT_TRUE(shares.has_value()) << granted;
      EXPECT_LE(used(*shares), granted);
      EXPECT_GE(shares->clients, 1u) << granted;
      EXPECT_LE(shares->clients, wanted.clients);
      for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_GE(shares->max_in_flight[i], 1u) << granted;
        EXPECT_LE(shares->max_in_flight[i], wanted.max_in_flight[i]);
      }
    }
  }
}

TEST(Descriptors, OneLessThanTheLeastIsRefusedInALineThatSaysHowManyItTakes) {
  const auto least = fixed + 2 * (1 + spare_connections) + 2;
  ASSERT_TRUE(share_descriptors(least, usual()).has_value());
  const auto refused = share_descriptors(least - 1, usual());
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error(), HasSubstr(std::to_string(least - 1) + " file descriptors"));
  EXPECT_THAT(refused.error(), HasSubstr("need " + std::to_string(least)));
  EXPECT_THAT(share_descriptors(0, usual()).error(), HasSubstr("too few"));
}

TEST(Descriptors, WithoutProcessorsClientsGetTheRest) {
  const auto shares = share_descriptors(
      fixed + 100, {.store = store, .max_in_flight = {}, .clients = 500, .turned_away = 20});
  ASSERT_TRUE(shares.has_value());
  EXPECT_EQ(shares->clients + shares->turned_away, 100u);
}

TEST(Descriptors, TheStartLineSaysWhatIsLower) {
  const auto shares = share_descriptors(100, usual());
  EXPECT_THAT(say_what_is_lower(100, usual(), *shares),
              testing::MatchesRegex("100 file descriptors allow at most [0-9]+ connections and "
                                    "[0-9]+ \\+ [0-9]+ payments in flight"));
}

}  // namespace
}  // namespace payswitch::app
