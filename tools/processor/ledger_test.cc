#include "tools/processor/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace payswitch::lab {
namespace {

using payment::UtcMs;

payment::CorrelationId id_of(std::uint32_t number) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return payment::CorrelationId(bytes);
}

Entry entry(std::int64_t cents, std::int64_t time) {
  return {.amount = payment::Money::from_cents(cents), .requested_at = UtcMs{time}};
}

payment::Total total(std::uint64_t count, std::int64_t cents) {
  return {.count = count, .cents = cents};
}

TEST(Ledger, AnIdIsBookedOnceAndTheFirstEntryStands) {
  Ledger ledger;
  EXPECT_TRUE(ledger.book(id_of(1), entry(1990, 1000)));
  EXPECT_FALSE(ledger.book(id_of(1), entry(500, 2000)));
  ASSERT_NE(ledger.find(id_of(1)), nullptr);
  EXPECT_EQ(*ledger.find(id_of(1)), entry(1990, 1000));
  EXPECT_EQ(ledger.sum(UtcMs::min(), UtcMs::max()), total(1, 1990));
  EXPECT_EQ(ledger.find(id_of(2)), nullptr);
}

TEST(Ledger, BothEndsOfAWindowAreInclusive) {
  Ledger ledger;
  for (std::uint32_t i = 1; i <= 4; ++i) ledger.book(id_of(i), entry(100 * i, 1000 * i));
  EXPECT_EQ(ledger.sum(UtcMs{2000}, UtcMs{3000}), total(2, 500));
  EXPECT_EQ(ledger.sum(UtcMs{2001}, UtcMs{3000}), total(1, 300));
  EXPECT_EQ(ledger.sum(UtcMs{2000}, UtcMs{2999}), total(1, 200));
}

TEST(Ledger, AnAlteredEntryCountsInItsNewPlaceOnly) {
  Ledger ledger;
  ledger.book(id_of(1), entry(100, 1000));
  ledger.book(id_of(2), entry(200, 1000));
  ledger.put(id_of(1), entry(7, 5000));
  ledger.book(id_of(3), entry(50, 1000));
  EXPECT_EQ(ledger.sum(UtcMs{0}, UtcMs{1000}), total(2, 250));
  EXPECT_EQ(ledger.sum(UtcMs{5000}, UtcMs{5000}), total(1, 7));
}

TEST(Ledger, AnEntryThatWasPutInIsThereAsIfBooked) {
  Ledger ledger;
  ledger.put(id_of(1), entry(100, 1000));
  EXPECT_FALSE(ledger.book(id_of(1), entry(100, 1000)));
  EXPECT_EQ(ledger.sum(UtcMs{1000}, UtcMs{1000}), total(1, 100));
}

TEST(Ledger, ARemovedEntryIsGoneFromTheSumsAndMayBeBookedAgain) {
  Ledger ledger;
  ledger.book(id_of(1), entry(100, 1000));
  ledger.book(id_of(2), entry(200, 1000));
  EXPECT_TRUE(ledger.remove(id_of(1)));
  EXPECT_FALSE(ledger.remove(id_of(1)));
  EXPECT_EQ(ledger.sum(UtcMs::min(), UtcMs::max()), total(1, 200));
  EXPECT_TRUE(ledger.book(id_of(1), entry(300, 1000)));
  EXPECT_EQ(ledger.sum(UtcMs::min(), UtcMs::max()), total(2, 500));
}

TEST(Ledger, PurgedBooksAreEmpty) {
  Ledger ledger;
  ledger.book(id_of(1), entry(100, 1000));
  ledger.put(id_of(1), entry(200, 1000));
  ledger.purge();
  EXPECT_EQ(ledger.size(), 0u);
  EXPECT_EQ(ledger.sum(UtcMs::min(), UtcMs::max()), total(0, 0));
  EXPECT_EQ(ledger.to_ndjson(), "");
}

TEST(Ledger, IsListedOneLineAPaymentSortedById) {
  Ledger ledger;
  ledger.book(id_of(0xff000000), entry(1990, 1'751'978'096'789));
  ledger.book(id_of(1), entry(5, 0));
  ledger.book(id_of(1), entry(5, 0));
  EXPECT_EQ(ledger.to_ndjson(),
            "{\"correlationId\":\"00000001-0000-0000-0000-000000000000\",\"amount\":0.05,"
            "\"requestedAt\":\"1970-01-01T00:00:00.000Z\",\"times\":1}\n"
            "{\"correlationId\":\"ff000000-0000-0000-0000-000000000000\",\"amount\":19.90,"
            "\"requestedAt\":\"2025-07-08T12:34:56.789Z\",\"times\":1}\n");
}

TEST(Ledger, TheOrderOfTheListIsNotTheOrderOfBooking) {
  Ledger ledger;
  for (std::uint32_t i = 100; i > 0; --i) ledger.book(id_of(i), entry(1, 0));
  const std::string text = ledger.to_ndjson();
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  }
  EXPECT_EQ(lines.size(), 100u);
  EXPECT_TRUE(std::ranges::is_sorted(lines));
}

TEST(Ledger, HoldsAndListsTwoHundredThousandPayments) {
  constexpr std::uint32_t count = 200'000;
  Ledger ledger;
  for (std::uint32_t i = 0; i < count; ++i) ledger.book(id_of(i * 2654435761u), entry(1, i));
  ASSERT_EQ(ledger.size(), count);
  EXPECT_EQ(ledger.sum(UtcMs{0}, UtcMs{count}), total(count, count));
  const std::string text = ledger.to_ndjson();
  EXPECT_EQ(std::ranges::count(text, '\n'), count);
}

}  // namespace
}  // namespace payswitch::lab
