#include "tools/contest/comparison.h"

#include <gtest/gtest.h>

#include "tools/processor/ledger.h"

namespace payswitch::lab::contest {
namespace {

using payment::Money;

payment::CorrelationId id(std::uint8_t number) {
  std::array<std::uint8_t, 16> bytes{};
  bytes.back() = number;
  return payment::CorrelationId(bytes);
}

const Money amount = Money::from_cents(1990);

BookLine line(std::uint8_t number, Money booked = amount, std::uint64_t times = 1) {
  return {.id = id(number), .amount = booked, .requested_at = {}, .times = times};
}

using Books = Pair<std::vector<BookLine>>;
using Findings = std::vector<Finding>;

TEST(Comparison, EachOnceInEitherBookIsAsItShouldBe) {
  const Payments payments{{id(1), Told::taken}, {id(2), Told::taken}};
  EXPECT_EQ(compare(payments, amount, Books{{{line(1)}, {line(2)}}}), Findings{});
}

TEST(Comparison, APaymentWithoutAnAnswerMayBeInTheBooksOrNot) {
  const Payments payments{{id(1), Told::nothing}, {id(2), Told::nothing}};
  EXPECT_EQ(compare(payments, amount, Books{{{line(1)}, {}}}), Findings{});
}

TEST(Comparison, NamesWhatWasTakenAndIsInNoBook) {
  const Payments payments{{id(2), Told::taken}, {id(1), Told::taken}, {id(3), Told::refused}};
  EXPECT_EQ(compare(payments, amount, Books{}),
            (Findings{{Fault::lost, id(1), "in no book"}, {Fault::lost, id(2), "in no book"}}));
}

TEST(Comparison, NamesWhatWasChargedTwiceAtOneOrAtBoth) {
  const Payments payments{{id(1), Told::taken}, {id(2), Told::nothing}};
  EXPECT_EQ(compare(payments, amount, Books{{{line(1), line(2, amount, 2)}, {line(1)}}}),
            (Findings{{Fault::doubled, id(1), "1 x 19.90 at default, 1 x 19.90 at fallback"},
                      {Fault::doubled, id(2), "2 x 19.90 at default"}}));
}

TEST(Comparison, NamesAnotherAmountAlsoWhenOnlyOneBookHasIt) {
  const Payments payments{{id(1), Told::taken}};
  EXPECT_EQ(compare(payments, amount, Books{{{}, {line(1, Money::from_cents(1991))}}}),
            (Findings{{Fault::another_amount, id(1), "1 x 19.91 at fallback"}}));
}

TEST(Comparison, NamesWhatWasRefusedAndWhatWasNeverSentButIsBooked) {
  const Payments payments{{id(1), Told::refused}};
  EXPECT_EQ(compare(payments, amount, Books{{{line(1), line(2)}, {}}}),
            (Findings{{Fault::refused_and_yet, id(1), "1 x 19.90 at default"},
                      {Fault::unknown, id(2), "1 x 19.90 at default"}}));
}

TEST(Comparison, ReadsTheBooksAsAProcessorShowsThem) {
  Ledger ledger;
  ledger.book(id(1), {.amount = amount, .requested_at = {1'000}});
  ledger.book(id(2), {.amount = amount, .requested_at = {2'000}});
  const auto lines = read_books(ledger.to_ndjson());
  ASSERT_TRUE(lines) << lines.error();
  ASSERT_EQ(lines->size(), 2u);
  EXPECT_EQ((*lines)[1].id, id(2));
  EXPECT_EQ((*lines)[1].amount, amount);
  EXPECT_EQ((*lines)[1].requested_at, payment::UtcMs{2'000});
  EXPECT_EQ((*lines)[1].times, 1u);
  EXPECT_EQ(read_books("")->size(), 0u);
}

TEST(Comparison, ALineThatIsNotOneOfTheBooksIsAnErrorThatShowsIt) {
  EXPECT_EQ(read_books("<html>\n").error(), "not a line of the books: <html>");
  EXPECT_FALSE(read_books(R"({"correlationId":"00000000-0000-0000-0000-000000000001"})"));
}

}  // namespace
}  // namespace payswitch::lab::contest
