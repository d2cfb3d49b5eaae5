#include "store/archive/filter.h"

#include <gtest/gtest.h>

#include "store/samples_fixture.h"

namespace payswitch::store::archive {
namespace {

constexpr std::uint32_t members = 10'000;

Filter filter_of_members(std::uint64_t seed) {
  Filter filter(members, seed);
  for (std::uint32_t number = 0; number < members; ++number) filter.add(test_id(number));
  return filter;
}

TEST(Filter, AMemberIsAlwaysKnown) {
  const Filter filter = filter_of_members(7);
  for (std::uint32_t number = 0; number < members; ++number) {
    ASSERT_TRUE(filter.may_hold(test_id(number))) << number;
  }
}

TEST(Filter, FewStrangersAreTakenForMembers) {
  const Filter filter = filter_of_members(7);
  int taken = 0;
  for (std::uint32_t number = members; number < members + 20'000; ++number) {
    taken += filter.may_hold(test_id(number)) ? 1 : 0;
  }
  EXPECT_LT(taken, 100);  // of 20,000: about 20
}

TEST(Filter, AnEmptyOneHoldsNothing) {
  const Filter filter(0, 1);
  EXPECT_EQ(filter.blocks().size(), 1u);
  EXPECT_FALSE(filter.may_hold(test_id(1)));
}

TEST(Filter, ItsBlocksAndItsSeedAreAllOfIt) {
  const Filter filter = filter_of_members(7);
  const Filter again({filter.blocks().begin(), filter.blocks().end()}, 7);
  const Filter with_another_seed({filter.blocks().begin(), filter.blocks().end()}, 8);
  int taken = 0;
  for (std::uint32_t number = 0; number < members; ++number) {
    ASSERT_TRUE(again.may_hold(test_id(number)));
    taken += with_another_seed.may_hold(test_id(number)) ? 1 : 0;
  }
  EXPECT_LT(taken, 100);
}

TEST(Filter, TakesTwoBytesAPayment) {
  EXPECT_EQ(Filter::blocks_for(0), 1u);
  EXPECT_EQ(Filter::blocks_for(31), 1u);
  EXPECT_EQ(Filter::blocks_for(32), 2u);
  EXPECT_EQ(Filter::blocks_for(32'000), 1001u);
}

}  // namespace
}  // namespace payswitch::store::archive
