#include "store/archive/page.h"

#include <gtest/gtest.h>

#include <cstring>

#include "store/archive/archive_bytes_fixture.h"

namespace payswitch::store::archive {
namespace {

constexpr PagePlace place{.first_segment = 1, .last_segment = 2, .number = 3};

SettledPayment with_attempts(std::uint32_t number, std::size_t count) {
  SettledPayment payment = settled(number);
  payment.attempts.clear();
  for (std::uint32_t i = 1; i <= count; ++i) {
    payment.attempts.push_back({.number = i,
                                .processor = dear,
                                .requested_at = at(i),
                                .outcome = payment::Outcome::refused});
  }
  payment.attempts.back().outcome = std::nullopt;
  return payment;
}

bool is_same(const SettledPayment& one, const SettledPayment& other) {
  const Entry first = make_entry(one);
  const Entry second = make_entry(other);
  return std::memcmp(&first, &second, sizeof(first)) == 0;
}

TEST(Page, APaymentThatWentAsItMostlyGoesTakesOneSlot) {
  const Entry entry = make_entry(settled(1, 5, 1990, dear));
  EXPECT_EQ(entry.slots(), 1u);
  EXPECT_EQ(entry.slot.attempt_count, 0);
  EXPECT_TRUE(is_same(read_entry(entry), settled(1, 5, 1990, dear)));
}

TEST(Page, FourAttemptsShareASlot) {
  EXPECT_EQ(make_entry(with_attempts(1, 4)).slots(), 2u);
  EXPECT_EQ(make_entry(with_attempts(1, 5)).slots(), 3u);
  EXPECT_EQ(make_entry(with_attempts(1, max_attempts_remembered)).slots(), 5u);
}

TEST(Page, EveryAttemptIsReadBackWithItsOutcomeOrNone) {
  const auto payment = with_attempts(1, 3);
  const auto read = read_entry(make_entry(payment));
  ASSERT_EQ(read.attempts.size(), 3u);
  EXPECT_EQ(read.attempts[0].outcome, payment::Outcome::refused);
  EXPECT_FALSE(read.attempts[2].outcome);
  EXPECT_TRUE(is_same(read, payment));
}

TEST(Page, HoldsSixtyThreeSlotsAndNoMore) {
  Page page;
  for (std::uint32_t number = 0; number < slots_per_page; ++number) {
    ASSERT_TRUE(page.has_room_for(make_entry(settled(number)))) << number;
    page.add(make_entry(settled(number)));
  }
  EXPECT_EQ(page.count(), 63u);
  EXPECT_FALSE(page.has_room_for(make_entry(settled(99))));
}

TEST(Page, APaymentAndItsAttemptsAreNotTakenApart) {
  Page page;
  for (std::uint32_t number = 0; number < slots_per_page - 1; ++number) {
    page.add(make_entry(settled(number)));
  }
  EXPECT_TRUE(page.has_room_for(make_entry(settled(99))));
  EXPECT_FALSE(page.has_room_for(make_entry(with_attempts(99, 2))));
}

TEST(Page, PaymentsAreReadInTheirOrderAndFoundById) {
  Page page;
  page.add(make_entry(settled(1)));
  page.add(make_entry(with_attempts(2, 5)));
  page.add(make_entry(settled(3)));
  std::uint32_t slot = 0;
  EXPECT_EQ(page.next(slot)->id(), test_id(1));
  EXPECT_EQ(page.next(slot)->id(), test_id(2));
  EXPECT_EQ(slot, 4u);
  EXPECT_EQ(page.next(slot)->id(), test_id(3));
  EXPECT_FALSE(page.next(slot));
  EXPECT_EQ(page.find(test_id(3))->id(), test_id(3));
  EXPECT_FALSE(page.find(test_id(4)));
}

TEST(Page, ASlotThatSaysMoreThanThePageHoldsEndsIt) {
  Page page;
  Entry entry = make_entry(settled(1));
  page.add(entry);
  entry.slot.attempt_count = max_attempts_remembered;  // and only its own slot is there
  std::memcpy(page.bytes().data() + sizeof(PageHeader), &entry.slot, sizeof(entry.slot));
  std::uint32_t slot = 0;
  EXPECT_FALSE(page.next(slot));
  entry.slot.attempt_count = 255;
  std::memcpy(page.bytes().data() + sizeof(PageHeader), &entry.slot, sizeof(entry.slot));
  EXPECT_FALSE(page.next(slot));
}

TEST(Page, ACountBeyondThePageIsNotFollowed) {
  Page page;
  const std::uint32_t count = 1'000'000;
  std::memcpy(page.bytes().data() + offsetof(PageHeader, count), &count, sizeof(count));
  std::uint32_t slot = 0;
  std::uint32_t read = 0;
  while (page.next(slot)) ++read;
  EXPECT_EQ(read, slots_per_page);
  EXPECT_TRUE(page.last_sum_until(0));
}

TEST(Page, IsIntactOnlyWhereItWasWrittenFor) {
  Page page;
  page.add(make_entry(settled(1)));
  page.close(place);
  EXPECT_TRUE(page.is_intact(place));
  EXPECT_FALSE(page.is_intact({.first_segment = 1, .last_segment = 2, .number = 4}));
  EXPECT_FALSE(page.is_intact({.first_segment = 2, .last_segment = 2, .number = 3}));
  EXPECT_FALSE(page.is_intact({.first_segment = 1, .last_segment = 1, .number = 3}));
}

TEST(Page, EveryByteThatDiffersIsNoticed) {
  Page page;
  page.add(make_entry(settled(1)));
  page.close(place);
  for (std::size_t i = 0; i < page_bytes; ++i) {
    page.bytes()[i] ^= std::byte{1};
    ASSERT_FALSE(page.is_intact(place)) << i;
    page.bytes()[i] ^= std::byte{1};
  }
  EXPECT_TRUE(page.is_intact(place));
}

TEST(Page, TheLastSumUntilATimeIsThatOfTheTimeOrOfTheOneBefore) {
  Page page;
  page.add(Sum{.time = 10, .count = 1, .cents_low = 100, .cents_high = 0});
  page.add(Sum{.time = 20, .count = 3, .cents_low = 300, .cents_high = 0});
  EXPECT_FALSE(page.last_sum_until(9));
  EXPECT_EQ(page.last_sum_until(10)->count, 1u);
  EXPECT_EQ(page.last_sum_until(19)->count, 1u);
  EXPECT_EQ(page.last_sum_until(20)->count, 3u);
  EXPECT_EQ(page.last_sum_until(1'000)->count, 3u);
}

TEST(Page, TotalsOf128BitsAreKeptInTwoHalves) {
  const __int128 cents = (static_cast<__int128>(5) << 64) + 7;
  EXPECT_EQ(low_half(cents), 7u);
  EXPECT_EQ(high_half(cents), 5u);
  EXPECT_TRUE(read_total(2, low_half(cents), high_half(cents)).cents == cents);
}

}  // namespace
}  // namespace payswitch::store::archive
