#include "store/embedded/index.h"

#include <gmock/gmock.h>

#include "store/journal/record.h"
#include "store/samples_fixture.h"

namespace payswitch::store::embedded {
namespace {

class IndexTest : public testing::Test {
 protected:
  IndexTest() {
    changes(journal::named_record(0, "default"));
    changes(journal::named_record(1, "fallback"));
  }

  Applied apply(const journal::Record& record) { return index_.apply(record, ++sequence_); }

  void changes(const journal::Record& record) {
    const auto applied = apply(record);
    EXPECT_TRUE(applied.changed);
    EXPECT_EQ(applied.contradiction, nullptr) << applied.contradiction;
  }

  void repeats(const journal::Record& record) {
    const auto before = counters_.by_state;
    const auto total = index_.sum(0, {});
    const auto applied = apply(record);
    EXPECT_FALSE(applied.changed);
    EXPECT_EQ(applied.contradiction, nullptr) << applied.contradiction;
    EXPECT_EQ(counters_.by_state, before);
    EXPECT_EQ(index_.sum(0, {}), total);
  }

  void contradicts(const journal::Record& record, const std::string& why) {
    const auto before = counters_.by_state;
    const auto applied = apply(record);
    EXPECT_FALSE(applied.changed);
    ASSERT_NE(applied.contradiction, nullptr) << why;
    EXPECT_THAT(applied.contradiction, testing::HasSubstr(why));
    EXPECT_EQ(counters_.by_state, before);
  }

  std::vector<std::vector<OpenPayment>> open_in_parts_of(std::size_t most) const {
    std::vector<std::vector<OpenPayment>> parts;
    index_.for_open_up_to(sequence_, most, [&](const auto& part) { parts.push_back(part); });
    return parts;
  }

  static journal::Record accepted(std::uint32_t number = 1, std::int64_t amount = 1990,
                                  std::optional<Intent> first = std::nullopt) {
    return journal::accepted_record(acceptance(number, amount, first));
  }
  static journal::Record intended(const Intent& intent) {
    return journal::intent_record(test_id(1), intent);
  }
  static journal::Record refused(std::uint32_t number,
                                 payment::Outcome reason = payment::Outcome::refused) {
    return journal::refused_record(test_id(1),
                                   {.processor = cheap, .number = number, .reason = reason});
  }
  static journal::Record settled(const Intent& intent) {
    return journal::settled_record(test_id(1), settlement(intent));
  }

  Counters counters_;
  Index index_{counters_};
  std::uint64_t sequence_ = 0;
  const Intent first_ = intent(1, at(1));
  const Intent second_ = intent(2, at(2));
};

TEST_F(IndexTest, Protocol45EveryRecordSaidAgainChangesNothing) {
  const std::vector<journal::Record> life{accepted(),       intended(first_),
                                          refused(1),       intended(second_),
                                          settled(second_), journal::named_record(1, "fallback")};
  for (std::size_t last = 0; last + 1 < life.size(); ++last) {
    changes(life[last]);
    for (std::size_t i = 0; i <= last; ++i) repeats(life[i]);
  }
  repeats(life.back());
  EXPECT_EQ(index_.sum(0, {}), (payment::Total{1, 1990}));
}

TEST_F(IndexTest, Protocol45ACarriedIntentSaidAgainChangesNothing) {
  const auto carried = accepted(1, 1990, first_);
  changes(carried);
  repeats(carried);
  repeats(intended(first_));
  repeats(accepted());
  changes(settled(first_));
  repeats(carried);
  repeats(intended(first_));
  repeats(settled(first_));
}

TEST_F(IndexTest, Protocol45AFindingSaidAgainChangesNothing) {
  changes(accepted(1, 1990, first_));
  Settlement booked = settlement(first_, 2000);
  booked.finding = true;
  changes(journal::settled_record(test_id(1), booked));
  repeats(journal::settled_record(test_id(1), booked));
  booked.amount = cents(1990);
  contradicts(journal::settled_record(test_id(1), booked), "settled twice");
  EXPECT_EQ(counters_.findings, 1u);
}

TEST_F(IndexTest, AnythingBeforeTheAcceptanceContradicts) {
  contradicts(intended(first_), "never accepted");
  contradicts(refused(1), "never accepted");
  contradicts(settled(first_), "never accepted");
  contradicts(journal::parked_record(test_id(1), at(1)), "never accepted");
}

// Who is open in the order of arrival is asked for up to a place in the journal.
TEST_F(IndexTest, ACopySaysAnEarlierPlaceOfItsAcceptance) {
  journal::Record copy = accepted();
  copy.type = journal::RecordType::carried_forward;
  for (const std::int64_t place : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{100}}) {
    copy.requested_at = place;
    contradicts(copy, "before its payment");
  }
  copy.requested_at = static_cast<std::int64_t>(sequence_) + 1;  // its own
  contradicts(copy, "before its payment");
  copy.requested_at = static_cast<std::int64_t>(sequence_);
  changes(copy);
  EXPECT_EQ(open_in_parts_of(8).size(), 1u);
}

TEST_F(IndexTest, WhatIsOpenComesInItsOrderInPartsOfAtMostSoMany) {
  for (std::uint32_t number = 1; number <= 7; ++number) changes(accepted(number, number));
  changes(journal::parked_record(test_id(2), at(1)));
  const auto numbers = [](const auto& parts) {
    std::vector<std::vector<std::int64_t>> all;
    for (const auto& part : parts) {
      all.emplace_back();
      for (const OpenPayment& open : part) all.back().push_back(open.amount.cents());
    }
    return all;
  };
  using Numbers = std::vector<std::vector<std::int64_t>>;
  EXPECT_EQ(numbers(open_in_parts_of(5)), (Numbers{{1, 3, 4, 5, 6}, {7}}));
  EXPECT_EQ(numbers(open_in_parts_of(6)), (Numbers{{1, 3, 4, 5, 6, 7}}));
  EXPECT_EQ(numbers(open_in_parts_of(3)), (Numbers{{1, 3, 4}, {5, 6, 7}}));
}

TEST_F(IndexTest, AcceptedTwiceDifferentlyContradicts) {
  changes(accepted(1, 1990, first_));
  for (int state = 0; state < 2; ++state) {
    contradicts(accepted(1, 1991), "accepted twice");
    contradicts(accepted(1, 1990, intent(1, at(9))), "two intents");
    contradicts(accepted(1, 1990, intent(1, at(1), dear)), "two intents");
    journal::Record later = accepted();
    ++later.at;
    contradicts(later, "accepted twice");
    if (state == 0) changes(settled(first_));
  }
}

TEST_F(IndexTest, AttemptsThatCannotFollowContradict) {
  changes(accepted());
  contradicts(intended(second_), "out of order");
  contradicts(refused(1), "no attempt");
  contradicts(settled(first_), "no attempt");
  changes(intended(first_));
  contradicts(intended(intent(1, at(5))), "twice, differently");
  contradicts(intended(second_), "unanswered");
  contradicts(refused(2), "no attempt");
  contradicts(settled(second_), "no attempt");
  journal::Record elsewhere = refused(1);
  elsewhere.processor = dear;
  contradicts(elsewhere, "another processor");
  changes(refused(1));
  contradicts(refused(1, payment::Outcome::throttled), "refused twice");
  contradicts(settled(first_), "no attempt is unanswered");
}

TEST_F(IndexTest, SettledTwiceDifferentlyContradicts) {
  changes(accepted(1, 1990, first_));
  changes(settled(first_));
  const auto differs = [&](auto change) {
    Settlement other = settlement(first_);
    change(other);
    contradicts(journal::settled_record(test_id(1), other), "settled twice");
  };
  differs([](Settlement& s) { s.processor = dear; });
  differs([](Settlement& s) { s.number = 2; });
  differs([](Settlement& s) { s.requested_at = at(2); });
  differs([](Settlement& s) { s.settled_at = at(99); });
  differs([](Settlement& s) { s.amount = cents(1); });
  differs([](Settlement& s) { s.finding = true; });
  contradicts(intended(second_), "settled payment is attempted");
  contradicts(intended(intent(1, at(2))), "differently");
  contradicts(refused(1), "differently");
  contradicts(journal::parked_record(test_id(1), at(1)), "parked");
  EXPECT_EQ(index_.sum(0, {}), (payment::Total{1, 1990}));
}

TEST_F(IndexTest, AParkedPaymentMovesOnlyByAnOperator) {
  changes(accepted());
  changes(journal::parked_record(test_id(1), at(1)));
  repeats(journal::parked_record(test_id(1), at(1)));
  contradicts(journal::parked_record(test_id(1), at(2)), "parked twice");
  contradicts(intended(first_), "parked payment is attempted");
}

TEST_F(IndexTest, Protocol8ParkingKeepsThePin) {
  changes(accepted(1, 1990, intent(1, at(1), dear)));
  changes(journal::parked_record(test_id(1), at(2)));  // it was unknown, which is not on record
  const auto view = index_.view(test_id(1));
  EXPECT_EQ(view->state, payment::State::parked);
  EXPECT_EQ(view->processor, dear);
  contradicts(settled(first_), "no attempt is unanswered");
  contradicts(journal::refused_record(test_id(1), {.processor = dear, .number = 1}), "parked");
}

TEST_F(IndexTest, ProcessorsAreNamedOnceInTheOrderOfTheirNumbers) {
  contradicts(journal::named_record(1, "third"), "out of order");
  contradicts(journal::named_record(3, "third"), "out of order");
  contradicts(journal::named_record(0, "fallback"), "two numbers");
  journal::Record nameless = journal::named_record(2, "x");
  nameless.id[0] = 0;
  contradicts(nameless, "without a name");
  contradicts(accepted(1, 1990, intent(1, at(1), 2)), "unnamed");
  changes(journal::named_record(2, "third"));
  changes(accepted(1, 1990, intent(1, at(1), 2)));
}

TEST_F(IndexTest, RecordsAtAnUnnamedProcessorContradict) {
  changes(accepted());
  contradicts(intended(intent(1, at(1), 2)), "unnamed");
  changes(intended(first_));
  contradicts(settled(intent(1, at(1), 2)), "unnamed");
}

TEST_F(IndexTest, ForgottenAttemptsSaidAgainChangeNothing) {
  changes(accepted(1, 1990, first_));
  for (std::uint32_t number = 1; number <= max_attempts_remembered; ++number) {
    changes(refused(number));
    changes(intended(intent(number + 1, at(number + 1))));
  }
  const auto last = static_cast<std::uint32_t>(max_attempts_remembered) + 1;
  for (int state = 0; state < 2; ++state) {
    repeats(accepted(1, 1990, first_));
    repeats(intended(first_));
    repeats(refused(1));
    repeats(intended(second_));
    if (state == 0) changes(settled(intent(last, at(last))));
  }
}

TEST_F(IndexTest, PlacesOfSettledPaymentsAreUsedAgain) {
  for (std::uint32_t number = 1; number <= 1000; ++number) {
    changes(journal::accepted_record(acceptance(number, number, intent(1, at(number)))));
    const auto* payment = index_.unsettled(test_id(number));
    EXPECT_EQ(payment->attempts_made(), 1u);
    EXPECT_EQ(payment->our_fault_mask, 0u);
    changes(journal::settled_record(test_id(number), settlement(intent(1, at(number)), number)));
  }
  EXPECT_EQ(index_.sum(0, {}), (payment::Total{1000, 500'500}));
  for (std::uint32_t number = 1; number <= 1000; ++number) {
    EXPECT_EQ(index_.view(test_id(number))->amount, cents(number));
    EXPECT_EQ(index_.known(test_id(number))->sequence, 0u);
  }
}

TEST_F(IndexTest, TheLargestAmountAndTheLastProcessorAreKeptWhole) {
  for (std::uint8_t number = 2; number < payment::max_processors; ++number) {
    changes(journal::named_record(number, std::string(1, static_cast<char>('a' + number))));
  }
  const Intent last = intent(1, at(1), payment::max_processors - 1);
  changes(accepted(1, payment::Money::max_cents, last));
  changes(journal::settled_record(test_id(1), settlement(last, payment::Money::max_cents)));
  const auto view = index_.view(test_id(1));
  EXPECT_EQ(view->amount.cents(), payment::Money::max_cents);
  EXPECT_EQ(view->processor, payment::max_processors - 1);
}

}  // namespace
}  // namespace payswitch::store::embedded
