#include "store/shared/owned_payments.h"

#include <gtest/gtest.h>

#include "store/samples_fixture.h"

namespace payswitch::store::shared {
namespace {

using payment::State;

class HoldingsAndCounts : public testing::Test {
 protected:
  std::uint64_t count(State state) const {
    return counters.by_state[static_cast<std::size_t>(state)];
  }

  Counters counters;
  OwnedPayments holdings{counters};
};

TEST_F(HoldingsAndCounts, AStateIsCountedFromTheFirstToTheLast) {
  EXPECT_EQ(holdings.find(test_id(1)), nullptr);
  EXPECT_FALSE(holdings.is_ours(test_id(1)));
  holdings.add(test_id(1), State::accepted, 0);
  ASSERT_NE(holdings.find(test_id(1)), nullptr);
  EXPECT_EQ(count(State::accepted), 1u);
  holdings.move(*holdings.find(test_id(1)), State::attempting);
  EXPECT_EQ(count(State::accepted), 0u);
  EXPECT_EQ(count(State::attempting), 1u);
  holdings.remove(test_id(1), State::settled);
  EXPECT_EQ(count(State::attempting), 0u);
  EXPECT_EQ(count(State::settled), 1u);
  EXPECT_EQ(holdings.size(), 0u);
}

TEST_F(HoldingsAndCounts, WhatIsGoneToAnotherIsCountedNowhere) {
  holdings.add(test_id(1), State::unknown, 3);
  holdings.remove(test_id(1), State::accepted);
  for (const std::uint64_t each : counters.by_state) EXPECT_EQ(each, 0u);
}

TEST_F(HoldingsAndCounts, AnotherNameMakesForeignWhatNobodyConfirms) {
  for (std::uint32_t number = 1; number <= 3; ++number) {
    holdings.add(test_id(number), State::attempting, 1);
  }
  holdings.disown_unconfirmed();
  EXPECT_EQ(holdings.size(), 3u) << "nothing was in doubt";
  holdings.doubt_all();
  EXPECT_TRUE(holdings.is_ours(test_id(1))) << "as long as it may be confirmed";
  holdings.find(test_id(2))->is_confirmed = true;
  holdings.add(test_id(4), State::accepted, 0);  // under the new name
  holdings.disown_unconfirmed();
  EXPECT_FALSE(holdings.is_ours(test_id(1)));
  EXPECT_TRUE(holdings.is_ours(test_id(2)));
  EXPECT_FALSE(holdings.is_ours(test_id(3)));
  EXPECT_TRUE(holdings.is_ours(test_id(4)));
  EXPECT_NE(holdings.find(test_id(1)), nullptr) << "something is at work on it here";
  EXPECT_EQ(holdings.size(), 2u);

  holdings.disown_unconfirmed();
  EXPECT_EQ(holdings.size(), 2u) << "foreign once";
  holdings.remove(test_id(1), State::settled);
  EXPECT_EQ(holdings.size(), 2u);
  holdings.remove(test_id(2), State::settled);
  EXPECT_EQ(holdings.size(), 1u);
  EXPECT_EQ(count(State::settled), 2u);
}

TEST_F(HoldingsAndCounts, WhatHasBecomeForeignStaysSoAtTheNextName) {
  holdings.add(test_id(1), State::unknown, 1);
  holdings.doubt_all();
  holdings.disown_unconfirmed();
  holdings.doubt_all();
  holdings.disown_unconfirmed();
  EXPECT_FALSE(holdings.is_ours(test_id(1)));
  EXPECT_EQ(holdings.size(), 0u);
}

}  // namespace
}  // namespace payswitch::store::shared
