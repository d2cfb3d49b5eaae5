#include "store/embedded/unsettled.h"

#include <gtest/gtest.h>

#include <set>

#include "store/samples_fixture.h"

namespace payswitch::store::embedded {
namespace {

TEST(UnsettledPaymentsTest, APaymentIsFoundByItsIdAndStaysWhereItIs) {
  constexpr std::uint32_t count = 3'000;
  UnsettledPayments payments;
  std::vector<Payment*> places;
  for (std::uint32_t number = 0; number < count; ++number) {
    EXPECT_EQ(payments.find(test_id(number)), nullptr);
    places.push_back(&payments.add(test_id(number)));
    places.back()->last_number = number;
  }
  EXPECT_EQ(payments.size(), count);
  for (std::uint32_t number = 0; number < count; ++number) {
    EXPECT_EQ(payments.find(test_id(number)), places[number]);
    EXPECT_EQ(places[number]->last_number, number);
    EXPECT_EQ(places[number], &payments.at(number));
  }
  EXPECT_EQ(payments.find(test_id(count)), nullptr);
}

TEST(UnsettledPaymentsTest, APlaceThatIsFreeIsUsedAgainAndKnowsNothingOfTheOneBefore) {
  UnsettledPayments payments;
  for (std::uint32_t number = 1; number <= 10; ++number) payments.add(test_id(number));
  Payment& removed = *payments.find(test_id(5));
  removed.our_fault_mask = 1;
  removed.set_parked_at(at(1));
  payments.remove(test_id(5));
  EXPECT_EQ(payments.find(test_id(5)), nullptr);
  EXPECT_EQ(payments.size(), 9u);
  Payment& added = payments.add(test_id(11));
  EXPECT_EQ(&added, &removed);
  EXPECT_EQ(payments.places(), 10u);
  EXPECT_EQ(added.id, test_id(11));
  EXPECT_EQ(added.our_fault_mask, 0u);
  EXPECT_EQ(added.parked_at(), payment::UtcMs{});
  EXPECT_EQ(payments.find(test_id(11)), &added);
}

TEST(UnsettledPaymentsTest, OfManyThatComeAndGoEachIsFoundWhileItIsHere) {
  UnsettledPayments payments;
  std::set<std::uint32_t> here;
  std::uint32_t state = 1;
  for (int step = 0; step < 20'000; ++step) {
    state = state * 1'664'525 + 1'013'904'223;
    const std::uint32_t number = state >> 16 & 0x3ff;
    const bool is_here = here.contains(number);
    ASSERT_EQ(payments.find(test_id(number)) != nullptr, is_here);
    if (is_here) {
      payments.remove(test_id(number));
      here.erase(number);
    } else {
      payments.add(test_id(number));
      here.insert(number);
    }
  }
  EXPECT_EQ(payments.size(), here.size());
  EXPECT_LE(payments.places(), 0x400u);
}

}  // namespace
}  // namespace payswitch::store::embedded
