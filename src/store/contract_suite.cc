#include <algorithm>
#include <utility>

#include "store/contract_fixture.h"

namespace payswitch::store {
namespace {

// -- accepting --------------------------------------------------------------------------

TEST_P(StoreContract, ANewPaymentIsAcceptedAndFound) {
  EXPECT_FALSE(find(1));
  EXPECT_EQ(accept(acceptance(1)), Verdict::accepted);
  const auto view = find(1);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->id, test_id(1));
  EXPECT_EQ(view->amount, cents(1990));
  EXPECT_EQ(view->state, payment::State::accepted);
  EXPECT_EQ(view->accepted_at, at(1));
  EXPECT_EQ(view->processor, payment::no_processor);
  EXPECT_FALSE(view->requested_at);
  EXPECT_FALSE(view->settled_at);
  EXPECT_EQ(view->attempts_made, 0u);
  EXPECT_TRUE(view->attempts.empty());
  EXPECT_FALSE(find(2));
}

TEST_P(StoreContract, TheSameIdAndAmountIsAReplayAndAnotherAmountIsAConflictForLife) {
  accept(acceptance(1));
  EXPECT_EQ(accept(acceptance(1)), Verdict::replayed);
  EXPECT_EQ(accept(acceptance(1, 1991)), Verdict::conflict);
  pay(2, at(10));
  EXPECT_EQ(accept(acceptance(2)), Verdict::replayed);
  EXPECT_EQ(accept(acceptance(2, 1)), Verdict::conflict);
  EXPECT_EQ(store().counters().replays, 2u);
  EXPECT_EQ(store().counters().conflicts, 2u);
  if (!restart()) return;
  EXPECT_EQ(accept(acceptance(1)), Verdict::replayed);
  EXPECT_EQ(accept(acceptance(1, 1991)), Verdict::conflict);
  EXPECT_EQ(accept(acceptance(2)), Verdict::replayed);
  EXPECT_EQ(accept(acceptance(2, 1)), Verdict::conflict);
}

TEST_P(StoreContract, Protocol51TheIdIsLookedUpBeforeAnyLimit) {
  accept(acceptance(1));
  auto known = acceptance(1);
  known.admit_new = false;
  EXPECT_EQ(accept(known), Verdict::replayed);
  auto fresh = acceptance(2);
  fresh.admit_new = false;
  EXPECT_EQ(accept(fresh), Verdict::not_admitted);
  EXPECT_FALSE(find(2));
  EXPECT_EQ(accept(acceptance(2)), Verdict::accepted);
}

TEST_P(StoreContract, Protocol52OfSeveralRequestsInOneTurnTheFirstWins) {
  std::vector<std::pair<char, Verdict>> answers;
  const auto ask = [&](char name, const Acceptance& acceptance) {
    store().accept(acceptance,
                   [&answers, name](Verdict given) { answers.push_back({name, given}); });
  };
  ask('a', acceptance(1, 100));
  ask('b', acceptance(1, 100));
  ask('c', acceptance(1, 200));
  ask('d', acceptance(2, 100));
  EXPECT_TRUE(answers.empty());
  settle_down();
  const std::vector<std::pair<char, Verdict>> expected{{'a', Verdict::accepted},
                                                       {'b', Verdict::replayed},
                                                       {'c', Verdict::conflict},
                                                       {'d', Verdict::accepted}};
  EXPECT_EQ(answers, expected);
  EXPECT_EQ(find(1)->amount, cents(100));
}

TEST_P(StoreContract, Protocol53AParkedPaymentReplaysAndStaysParked) {
  accept(acceptance(1));
  park(1, at(5));
  EXPECT_EQ(accept(acceptance(1)), Verdict::replayed);
  EXPECT_EQ(find(1)->state, payment::State::parked);
  if (!restart()) return;
  EXPECT_EQ(accept(acceptance(1)), Verdict::replayed);
  EXPECT_EQ(find(1)->state, payment::State::parked);
  EXPECT_TRUE(adopted().empty());
}

TEST_P(StoreContract, CompletionsRunInTheOrderOfTheCalls) {
  accept(acceptance(1, 1990, intent(1, at(1))));
  accept(acceptance(4));
  std::string order;
  store().accept(acceptance(2), [&](Verdict) { order += 'a'; });
  store().settle(test_id(1), settlement(intent(1, at(1))), [&] { order += 'b'; });
  store().intend(test_id(4), intent(1, at(2)), [&](bool) { order += 'c'; });
  store().accept(acceptance(2), [&](Verdict) { order += 'd'; });
  store().accept(acceptance(3), [&](Verdict) { order += 'e'; });
  EXPECT_FALSE(store().idle());
  settle_down();
  EXPECT_EQ(order, "abcde");
  EXPECT_TRUE(store().idle());
}

// -- attempts ---------------------------------------------------------------------------

TEST_P(StoreContract, AnIntentIsSeenAtOnceAndAnAcceptanceMayCarryTheFirst) {
  accept(acceptance(1));
  store().intend(test_id(1), intent(1, at(7), dear), [](bool) {});
  EXPECT_EQ(in_state(payment::State::attempting), 1u);
  const auto view = find(1);
  EXPECT_EQ(view->state, payment::State::attempting);
  EXPECT_EQ(view->processor, dear);
  EXPECT_EQ(view->requested_at, at(7));
  ASSERT_EQ(view->attempts.size(), 1u);
  EXPECT_EQ(view->attempts[0].number, 1u);
  EXPECT_FALSE(view->attempts[0].outcome);

  EXPECT_EQ(accept(acceptance(2, 5, intent(1, at(8)))), Verdict::accepted);
  EXPECT_EQ(find(2)->state, payment::State::attempting);
  EXPECT_EQ(find(2)->requested_at, at(8));
}

TEST_P(StoreContract, ARefusalMakesRoomForTheNextAttemptAndBothAreRemembered) {
  accept(acceptance(1, 1990, intent(1, at(1))));
  refuse(1, intent(1, at(1)), payment::Outcome::throttled);
  EXPECT_EQ(find(1)->state, payment::State::accepted);
  intend(1, intent(2, at(9), dear));
  settle(1, settlement(intent(2, at(9), dear)));
  for (int life = 0; life < 2; ++life) {
    const auto view = find(1);
    EXPECT_EQ(view->state, payment::State::settled);
    EXPECT_EQ(view->attempts_made, 2u);
    ASSERT_EQ(view->attempts.size(), 2u);
    EXPECT_EQ(view->attempts[0].processor, cheap);
    EXPECT_EQ(view->attempts[0].requested_at, at(1));
    EXPECT_EQ(view->attempts[0].outcome, payment::Outcome::throttled);
    EXPECT_EQ(view->attempts[1].processor, dear);
    EXPECT_EQ(view->attempts[1].outcome, payment::Outcome::taken);
    if (!restart()) return;
  }
}

TEST_P(StoreContract, OnlyTheLastAttemptsAreRemembered) {
  accept(acceptance(1));
  const auto last = static_cast<std::uint32_t>(max_attempts_remembered) + 1;
  for (std::uint32_t number = 1; number <= last; ++number) {
    intend(1, intent(number, at(number)));
    EXPECT_EQ(find(1)->attempts.size(), std::min<std::size_t>(number, max_attempts_remembered));
    if (number < last) refuse(1, intent(number, at(number)));
  }
  settle(1, settlement(intent(last, at(last))));
  for (int life = 0; life < 2; ++life) {
    const auto view = find(1);
    EXPECT_EQ(view->attempts_made, last);
    ASSERT_EQ(view->attempts.size(), max_attempts_remembered);
    EXPECT_EQ(view->attempts.front().number, 2u);
    EXPECT_EQ(view->attempts.back().number, last);
    if (!restart()) return;
  }
}

TEST_P(StoreContract, AnUnknownAttemptStaysWithItsProcessorUntilItIsSettledOrRefused) {
  for (std::uint32_t number = 1; number <= 3; ++number) {
    accept(acceptance(number, 1990, intent(1, at(number), dear)));
    store().note_unknown(test_id(number));
    store().note_unknown(test_id(number));
    EXPECT_EQ(find(number)->state, payment::State::unknown);
    EXPECT_EQ(find(number)->processor, dear);
    EXPECT_FALSE(find(number)->attempts[0].outcome);
  }
  EXPECT_EQ(in_state(payment::State::unknown), 3u);
  settle(1, settlement(intent(1, at(1), dear)));
  refuse(2, intent(1, at(2), dear), payment::Outcome::released);
  park(3, at(4));
  EXPECT_EQ(find(1)->state, payment::State::settled);
  EXPECT_EQ(find(2)->state, payment::State::accepted);
  EXPECT_EQ(find(3)->state, payment::State::parked);
}

// -- settling and summing ---------------------------------------------------------------

TEST_P(StoreContract, ASettlementIsSeenAtOnceAndForLife) {
  accept(acceptance(1, 1990, intent(1, at(7), dear)));
  store().settle(test_id(1), settlement(intent(1, at(7), dear)), [] {});
  EXPECT_EQ(in_state(payment::State::settled), 1u);
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(summary(), (std::vector<payment::Total>{{0, 0}, {1, 1990}}));
    const auto view = find(1);
    EXPECT_EQ(view->state, payment::State::settled);
    EXPECT_EQ(view->amount, cents(1990));
    EXPECT_EQ(view->accepted_at, at(1));
    EXPECT_EQ(view->processor, dear);
    EXPECT_EQ(view->requested_at, at(7));
    EXPECT_EQ(view->settled_at, at(12));
    EXPECT_FALSE(view->finding);
    EXPECT_EQ(view->attempts_made, 1u);
    ASSERT_EQ(view->attempts.size(), 1u);
    EXPECT_EQ(view->attempts[0].outcome, payment::Outcome::taken);
    if (!restart()) return;
  }
}

TEST_P(StoreContract, Protocol31WhatTheProcessorBookedCountsAndIsAFindingWhereItDiffers) {
  const Intent first = intent(1, at(100));
  accept(acceptance(1, 1990, first));
  Settlement booked = settlement(first, 2000);
  booked.requested_at = at(50);
  booked.finding = true;
  settle(1, booked);
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(summary({at(50), at(50)})[cheap], (payment::Total{1, 2000}));
    EXPECT_EQ(summary({at(51), at(1000)})[cheap], (payment::Total{0, 0}));
    const auto view = find(1);
    EXPECT_TRUE(view->finding);
    EXPECT_EQ(view->amount, cents(1990));
    EXPECT_EQ(view->requested_at, at(50));
    EXPECT_EQ(view->attempts.at(0).requested_at, at(100));
    if (life == 0) EXPECT_EQ(store().counters().findings, 1u);
    EXPECT_EQ(accept(acceptance(1, 1990)), Verdict::replayed);
    EXPECT_EQ(accept(acceptance(1, 2000)), Verdict::conflict);
    if (!restart()) return;
  }
}

TEST_P(StoreContract, Protocol6ASummaryIncludesBothEndsOfItsWindowByRequestedAt) {
  pay(1, at(100), 1);
  pay(2, at(200), 10);
  pay(3, at(300), 100);
  pay(4, at(200), 1000, dear);
  for (int life = 0; life < 2; ++life) {
    using Totals = std::vector<payment::Total>;
    EXPECT_EQ(summary(), (Totals{{3, 111}, {1, 1000}}));
    EXPECT_EQ(summary({at(100), at(300)}), (Totals{{3, 111}, {1, 1000}}));
    EXPECT_EQ(summary({at(101), at(299)}), (Totals{{1, 10}, {1, 1000}}));
    EXPECT_EQ(summary({at(200), at(200)}), (Totals{{1, 10}, {1, 1000}}));
    EXPECT_EQ(summary({at(201), at(299)}), (Totals{{0, 0}, {0, 0}}));
    EXPECT_EQ(summary({at(300), at(100)}), (Totals{{0, 0}, {0, 0}}));
    if (!restart()) return;
  }
}

// -- starting again ---------------------------------------------------------------------

TEST_P(StoreContract, WhatIsOpenAfterARestartIsAdopted) {
  for (const std::uint32_t number : {9u, 3u, 7u, 1u, 5u}) accept(acceptance(number, number));
  intend(7, intent(1, at(1)));
  settle(7, settlement(intent(1, at(1)), 7));
  park(5, at(2));
  if (!restart()) return;
  accept(acceptance(2));
  const auto open = adopted();
  ASSERT_EQ(open.size(), 3u);
  for (std::size_t i = 0; const std::uint32_t number : {1u, 3u, 9u}) {
    EXPECT_EQ(open[i].id, test_id(number));
    EXPECT_EQ(open[i].amount, cents(number));
    EXPECT_EQ(open[i].accepted_at, at(number));
    EXPECT_FALSE(open[i].unanswered);
    ++i;
  }
}

TEST_P(StoreContract, Protocol26AfterARestartEveryIntentWithoutARefusalIsUnanswered) {
  accept(acceptance(1, 10, intent(1, at(1), dear)));  // carried
  accept(acceptance(2, 10));
  intend(2, intent(1, at(2)));
  refuse(2, intent(1, at(2)), payment::Outcome::our_fault);
  intend(2, intent(2, at(3), dear));
  accept(acceptance(3, 10, intent(1, at(4), dear)));
  refuse(3, intent(1, at(4), dear), payment::Outcome::our_fault);
  if (!restart()) return;
  EXPECT_EQ(in_state(payment::State::unknown), 2u);
  EXPECT_EQ(in_state(payment::State::accepted), 1u);
  EXPECT_EQ(store().highest_requested_at(), at(4));
  const auto open = adopted();
  ASSERT_EQ(open.size(), 3u);
  ASSERT_TRUE(open[0].unanswered);
  EXPECT_EQ(open[0].unanswered->processor, dear);
  EXPECT_EQ(open[0].unanswered->number, 1u);
  EXPECT_EQ(open[0].unanswered->requested_at, at(1));
  EXPECT_EQ(open[0].our_fault_mask, 0u);
  ASSERT_TRUE(open[1].unanswered);
  EXPECT_EQ(open[1].unanswered->number, 2u);
  EXPECT_EQ(open[1].attempts_made, 2u);
  EXPECT_EQ(open[1].our_fault_mask, 1u << cheap);
  EXPECT_FALSE(open[2].unanswered);
  EXPECT_EQ(open[2].attempts_made, 1u);
  EXPECT_EQ(open[2].our_fault_mask, 1u << dear);
  settle(1, settlement(intent(1, at(1), dear), 10));
  EXPECT_EQ(find(1)->state, payment::State::settled);
}

TEST_P(StoreContract, AFindingFromTheFarFutureDoesNotMoveTheHighestRequestedAt) {
  accept(acceptance(1, 10, intent(1, at(1))));
  Settlement booked = settlement(intent(1, at(1)), 10);
  booked.requested_at = at(1'000'000'000'000);
  booked.finding = true;
  settle(1, booked);
  if (!restart()) return;
  EXPECT_EQ(store().highest_requested_at(), at(1));
}

TEST_P(StoreContract, TheProcessorsNamesKeepTheirNumbers) {
  const std::vector<std::string> expected{"default", "fallback"};
  EXPECT_EQ(store().names(), expected);
  if (!restart()) return;
  EXPECT_EQ(store().names(), expected);
}

// -- lists ------------------------------------------------------------------------------

TEST_P(StoreContract, AListHasThePaymentsThatWereSentOrSettledInTheWindow) {
  pay(1, at(100), 10);
  accept(acceptance(2, 20, intent(1, at(101), dear)));
  accept(acceptance(3, 30, intent(1, at(102))));
  refuse(3, intent(1, at(102)));
  intend(3, intent(2, at(110), dear));
  settle(3, settlement(intent(2, at(110), dear), 30));
  accept(acceptance(4, 40));  // never sent
  Settlement late = settlement(intent(1, at(103)), 50);
  late.requested_at = at(120);
  late.amount = cents(51);
  late.finding = true;
  accept(acceptance(5, 50, intent(1, at(103))));
  settle(5, late);
  const auto ids = [&](std::int64_t from, std::int64_t to) {
    std::vector<payment::CorrelationId> ids;
    for (const auto& [id, view] : list_all({at(from), at(to)})) ids.push_back(id);
    return ids;
  };
  const auto numbers = [](std::initializer_list<std::uint32_t> numbers) {
    std::vector<payment::CorrelationId> ids;
    for (const auto number : numbers) ids.push_back(test_id(number));
    return ids;
  };
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(ids(100, 100), numbers({1}));
    EXPECT_EQ(ids(101, 101), numbers({2}));
    EXPECT_EQ(ids(102, 102), numbers({3}));
    EXPECT_EQ(ids(103, 103), numbers({5}));
    EXPECT_EQ(ids(104, 109), numbers({}));
    EXPECT_EQ(ids(110, 110), numbers({3}));
    EXPECT_EQ(ids(120, 120), numbers({5}));
    EXPECT_EQ(ids(101, 120), numbers({2, 3, 5}));
    const auto all = list_all({});
    ASSERT_EQ(all.size(), 4u);
    EXPECT_EQ(all.at(test_id(1)).state, payment::State::settled);
    EXPECT_EQ(all.at(test_id(1)).booked_amount, cents(10));
    EXPECT_EQ(all.at(test_id(2)).booked_amount, std::nullopt);
    EXPECT_EQ(all.at(test_id(3)).attempts.size(), 2u);
    EXPECT_EQ(all.at(test_id(5)).amount, cents(50));
    EXPECT_EQ(all.at(test_id(5)).booked_amount, cents(51));
    EXPECT_EQ(find(5)->booked_amount, cents(51));
    if (!restart()) return;
  }
}

TEST_P(StoreContract, AListOfManyComesInPagesAlsoWhenPaymentsSettleInBetween) {
  constexpr std::uint32_t count = 2 * max_page_payments + 1;
  for (std::uint32_t n = 1; n <= count; ++n) {
    store().accept(acceptance(n, 10, intent(1, at(n))), [](Verdict) {});
  }
  settle_down();
  std::map<payment::CorrelationId, int> seen;
  std::string cursor;
  std::uint32_t settled = 0;
  do {
    const auto page = list({at(1), at(count)}, cursor);
    ASSERT_TRUE(page);
    ASSERT_LE(page->payments.size(), max_page_payments);
    for (const PaymentView& view : page->payments) ++seen[view.id];
    cursor = page->next;
    for (std::uint32_t n = 0; n < 60 && settled < count; ++n) {
      ++settled;
      store().settle(test_id(settled), settlement(intent(1, at(settled)), 10), [] {});
    }
    settle_down();
  } while (!cursor.empty());
  EXPECT_EQ(seen.size(), count);
}

TEST_P(StoreContract, AListKnowsItsOwnCursorsOnly) {
  for (const char* cursor : {"x", "-", "\"", "0", "open-", "settled-1-x"}) {
    EXPECT_FALSE(list({}, cursor)) << cursor;
  }
}

TEST_P(StoreContract, CountsPaymentsByState) {
  accept(acceptance(1));
  accept(acceptance(2, 10, intent(1, at(1))));
  accept(acceptance(3, 10, intent(1, at(1))));
  store().note_unknown(test_id(3));
  accept(acceptance(4));
  park(4, at(1));
  pay(5, at(1));
  for (const auto state :
       {payment::State::accepted, payment::State::attempting, payment::State::unknown,
        payment::State::parked, payment::State::settled}) {
    EXPECT_EQ(in_state(state), 1u) << payment::to_string(state);
  }
  EXPECT_EQ(store().counters().open(), 3u);
}

}  // namespace
}  // namespace payswitch::store
