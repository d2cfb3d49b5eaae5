#include "books/books.h"

#include <gtest/gtest.h>

#include <random>
#include <tuple>
#include <vector>

namespace payswitch::books {
namespace {

using payment::Money;
using payment::ProcessorNumber;
using payment::Total;
using payment::UtcMs;

TEST(Books, AnOpenWindowHoldsEverythingOfOneProcessor) {
  Books books;
  books.add(0, {100}, Money::from_cents(1990));
  books.add(0, {200}, Money::from_cents(10));
  books.add(1, {100}, Money::from_cents(7));
  EXPECT_EQ(books.sum(0, {}), (Total{.count = 2, .cents = 2000}));
  EXPECT_EQ(books.sum(1, {}), (Total{.count = 1, .cents = 7}));
  EXPECT_EQ(books.sum(2, {}), Total());
}

TEST(Books, EachEndOfAWindowIsOptional) {
  Books books;
  for (const std::int64_t time : {100, 200, 300}) books.add(0, {time}, Money::from_cents(1));
  EXPECT_EQ(books.sum(0, {.from = {200}}).count, 2u);
  EXPECT_EQ(books.sum(0, {.to = {200}}).count, 2u);
  EXPECT_EQ(books.sum(0, {.from = {200}, .to = {200}}).count, 1u);
  EXPECT_EQ(books.sum(0, {.from = {300}, .to = {100}}).count, 0u);
}

TEST(Books, AgreesWithAListOfWhatWasSettled) {
  std::mt19937_64 random(1);
  const auto below = [&](int end) { return std::uniform_int_distribution(0, end - 1)(random); };
  Books books;
  std::vector<std::tuple<ProcessorNumber, UtcMs, Money>> list;
  for (int i = 0; i < 5'000; ++i) {
    const auto processor = static_cast<ProcessorNumber>(below(payment::max_processors));
    const UtcMs time{below(5'000'000) - 1'000'000};
    const Money amount = Money::from_cents(below(10'000));
    books.add(processor, time, amount);
    list.emplace_back(processor, time, amount);
  }
  for (int i = 0; i < 2'000; ++i) {
    const auto asked = static_cast<ProcessorNumber>(below(payment::max_processors));
    const Window window{{below(5'000'000) - 1'000'000}, {below(5'000'000) - 1'000'000}};
    Total expected;
    for (const auto& [processor, time, amount] : list) {
      if (processor == asked && window.from <= time && time <= window.to) expected.add(amount);
    }
    ASSERT_EQ(books.sum(asked, window).amount(), expected.amount());
    ASSERT_EQ(books.sum(asked, window).count, expected.count);
  }
}

TEST(BooksDeathTest, AProcessorBeyondTheLastNumberIsABug) {
  Books books;
  books.add(payment::max_processors - 1, {0}, Money());
  EXPECT_EQ(books.sum(payment::max_processors - 1, {}).count, 1u);
  EXPECT_DEATH(books.add(payment::max_processors, {0}, Money()), "max_processors");
  EXPECT_DEATH((void)books.sum(payment::no_processor, {}), "max_processors");
}

}  // namespace
}  // namespace payswitch::books
