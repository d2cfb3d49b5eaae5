#include "store/shared/instances_fixture.h"

// Leases that run out, and what becomes of the payments (PROTOCOL 7.3, 7.4).
namespace payswitch::store::shared {
namespace {

using payment::State;

class Leases : public Instances {
 protected:
  // One of them accepts payment 1 with an intent at the cheap one, and sleeps until the other has
  // taken it over.
  void let_it_be_taken_over() {
    sleeper = &join(short_lease);
    waker = &join();
    first = send(*sleeper, 1);
    oversleep(*sleeper);
    ASSERT_TRUE(until([&] { return has_adopted(*waker, 1); }));
  }
  void wake(Instance& instance) {
    instance.is_asleep = false;
    const std::string name = instance.name();
    ASSERT_TRUE(until([&] { return instance.name() != name && instance.store().is_available(); }));
  }

  Instance* sleeper = nullptr;
  Instance* waker = nullptr;
  Intent first;
};

TEST_F(Leases, Rule6_OneWhoseLeaseHasRunOutIssuesNothingUntilItHasBeatenAgain) {
  Instance& one = join(short_lease);
  EXPECT_TRUE(one.peers().may_issue());
  oversleep(one);
  EXPECT_FALSE(one.peers().may_issue());
  one.is_asleep = false;
  EXPECT_TRUE(until([&] { return one.peers().may_issue(); }));
}

TEST_F(Leases, WhatADeadInstanceLeftBehindIsTakenOverWhole) {
  Instance& dying = join(short_lease);
  Instance& living = join();
  const Intent refused = send(dying, 1);
  refuse(dying, 1, refused, payment::Outcome::our_fault);
  const Intent second = intent(2, at(77), dear);
  ASSERT_TRUE(intend(dying, 1, second));
  ASSERT_EQ(accept(dying, acceptance(2, 4200)), Verdict::accepted);
  end(dying);

  ASSERT_TRUE(until([&] { return living.adopted.size() == 2; }));
  std::ranges::sort(living.adopted, {}, &OpenPayment::id);
  const OpenPayment& attempted = living.adopted[0];
  EXPECT_EQ(attempted.id, test_id(1));
  EXPECT_EQ(attempted.amount, cents(1990));
  EXPECT_EQ(attempted.accepted_at, at(1));
  EXPECT_EQ(attempted.attempts_made, 2u);
  EXPECT_EQ(attempted.our_fault_mask, 1u << cheap);
  ASSERT_TRUE(attempted.unanswered);
  EXPECT_EQ(attempted.unanswered->processor, dear);
  EXPECT_EQ(attempted.unanswered->number, 2u);
  EXPECT_EQ(attempted.unanswered->requested_at, at(77));
  const OpenPayment& untried = living.adopted[1];
  EXPECT_EQ(untried.id, test_id(2));
  EXPECT_EQ(untried.amount, cents(4200));
  EXPECT_EQ(untried.attempts_made, 0u);
  EXPECT_FALSE(untried.unanswered);

  EXPECT_TRUE(intend(living, 2, intent(1, at(100))));
  settle(living, 1, settlement(second));
  EXPECT_EQ(summary(living)[dear], (payment::Total{.count = 1, .cents = 1990}));
}

TEST_F(Leases, WhatIsSettledOrParkedIsNotTakenOver) {
  Instance& dying = join(short_lease);
  Instance& living = join();
  settle(dying, 1, settlement(send(dying, 1)));
  const Intent refused = send(dying, 2);
  refuse(dying, 2, refused);
  park(dying, 2);
  send(dying, 3);
  end(dying);
  ASSERT_TRUE(until([&] { return has_adopted(living, 3); }));
  EXPECT_EQ(living.adopted.size(), 1u);
}

TEST_F(Leases, OfTwoHeirsOneGetsEachPayment) {
  Instance& dying = join(short_lease);
  Instance& one = join();
  Instance& other = join();
  for (std::uint32_t number = 1; number <= 300; ++number) send(dying, number);
  end(dying);
  ASSERT_TRUE(until([&] { return one.adopted.size() + other.adopted.size() >= 300; }));
  for (std::uint32_t number = 1; number <= 300; ++number) {
    EXPECT_EQ(times_adopted(one, number) + times_adopted(other, number), 1u);
    EXPECT_EQ(owner(number), has_adopted(one, number) ? one.name() : other.name());
  }
}

TEST_F(Leases, ALeaseThatIsKeptKeepsThePayments) {
  Instance& keeper = join();
  Instance& other = join();
  const std::string name = keeper.name();
  send(keeper, 1);
  // Longer than two leases: that of a third one runs out, and that of the next one.
  for (int i = 0; i < 2; ++i) {
    Instance& third = join();
    const std::string its_name = third.name();
    end(third);
    ASSERT_TRUE(until([&] { return lease_has_run_out(its_name); }));
  }
  EXPECT_EQ(keeper.name(), name);
  EXPECT_EQ(owner(1), name);
  EXPECT_TRUE(other.adopted.empty());
}

TEST_F(Leases, ASleeperDecidesNothingOverWhatWasTakenOver) {
  sleeper = &join(short_lease);
  waker = &join();
  for (std::uint32_t number = 1; number <= 4; ++number) {
    first = send(*sleeper, number);
    if (number < 3) refuse(*sleeper, number, first);
  }
  oversleep(*sleeper);
  ASSERT_TRUE(until([&] { return waker->adopted.size() == 4; }));

  // It has not heard yet that its lease has run out: the fence is in Redis.
  std::optional<bool> granted;
  sleeper->store().intend(test_id(1), intent(2, at(50), dear),
                          [&](bool is_granted) { granted = is_granted; });
  sleeper->store().park(test_id(2), at(51), [] {});
  sleeper->store().refuse(test_id(3), {.processor = cheap, .number = 1});
  sleeper->store().note_unknown(test_id(4));
  wake(*sleeper);
  ASSERT_TRUE(until([&] { return granted.has_value() && sleeper->store().idle(); }));
  EXPECT_FALSE(*granted);
  for (std::uint32_t number = 1; number <= 4; ++number) EXPECT_EQ(owner(number), waker->name());
  EXPECT_EQ(find(*waker, 1)->attempts_made, 1u);
  EXPECT_EQ(find(*waker, 2)->state, State::accepted);
  EXPECT_EQ(find(*waker, 3)->state, State::attempting);
  EXPECT_FALSE(find(*waker, 3)->attempts.at(0).outcome) << "it is unknown";

  // Nor when it knows.
  refuse(*sleeper, 4, first);
  EXPECT_FALSE(intend(*sleeper, 4, intent(2, at(60), dear)));
  EXPECT_EQ(find(*waker, 4)->attempts_made, 1u);
}

TEST_F(Leases, EvidenceOfASleeperCounts) {
  let_it_be_taken_over();
  wake(*sleeper);
  settle(*sleeper, 1, settlement(first));
  EXPECT_EQ(find(*waker, 1)->state, State::settled);
  EXPECT_EQ(owner(1), "");
  // The heir asks, and finds the same.
  settle(*waker, 1, settlement(first));
  EXPECT_EQ(summary(*waker)[cheap], (payment::Total{.count = 1, .cents = 1990}));
  EXPECT_EQ(sleeper->store().counters().findings + waker->store().counters().findings, 0u);
  EXPECT_EQ(sleeper->store().counters().open() + waker->store().counters().open(), 0u);
}

TEST_F(Leases, ASettlementElsewhereIsAFinding) {
  let_it_be_taken_over();
  settle(*waker, 1, settlement(first));
  wake(*sleeper);
  settle(*sleeper, 1, settlement(intent(1, at(2), dear)));
  EXPECT_EQ(sleeper->store().counters().findings, 1u);
  EXPECT_TRUE(sleeper->was_told(platform::Level::error, "finding"));
  const auto view = find(*waker, 1);
  EXPECT_TRUE(view->finding);
  EXPECT_EQ(view->processor, cheap);
  EXPECT_EQ(summary(*waker)[cheap].count, 1u);
  EXPECT_EQ(summary(*waker)[dear].count, 0u);
}

TEST_F(Leases, ASleeperWhomNobodyMissedTakesItsOwnPaymentsBackUnderAnotherName) {
  Instance& lonely = join(short_lease);
  const std::string before = lonely.name();
  send(lonely, 1);
  ASSERT_EQ(accept(lonely, acceptance(2)), Verdict::accepted);
  oversleep(lonely);
  wake(lonely);
  EXPECT_NE(lonely.name(), before);
  EXPECT_TRUE(lonely.was_told(platform::Level::warn, "lease had run out"));
  EXPECT_EQ(owner(1), lonely.name());
  EXPECT_EQ(owner(2), lonely.name());
  EXPECT_TRUE(lonely.adopted.empty()) << "they were at work here all the time";
  EXPECT_TRUE(intend(lonely, 2, intent(1, at(20), dear)));
  settle(lonely, 1, settlement(intent(1, at(1))));
  EXPECT_EQ(lonely.store().counters().open(), 1u);
}

TEST_F(Leases, WhatWasTakenOverIsNotAdoptedAgainWhileItsStaleJobLives) {
  let_it_be_taken_over();
  wake(*sleeper);
  const std::string heir = waker->name();
  end(*waker);
  ASSERT_TRUE(until([&] { return lease_has_run_out(heir); }));
  // The sleeper looks now, and finds what it has a job for already. Payment 2 shows that it looked.
  Instance& third = join(short_lease);
  send(third, 2);
  end(third);
  ASSERT_TRUE(until([&] { return has_adopted(*sleeper, 2); }));
  EXPECT_EQ(times_adopted(*sleeper, 1), 0u);
  // The stale job wants to decide, hears that it may not, and is gone: now it can be adopted.
  refuse(*sleeper, 1, first);
  EXPECT_FALSE(intend(*sleeper, 1, intent(2, at(9), dear)));
  ASSERT_TRUE(until([&] { return has_adopted(*sleeper, 1); }));
  EXPECT_EQ(times_adopted(*sleeper, 1), 1u);
  const auto adopted = std::ranges::find(sleeper->adopted, test_id(1), &OpenPayment::id);
  ASSERT_TRUE(adopted->unanswered) << "what the stale job thought of it is not on record";
  EXPECT_EQ(adopted->unanswered->processor, cheap);
  EXPECT_EQ(owner(1), sleeper->name());
}

TEST_F(Leases, AReplayOfAnOpenPaymentWhoseOwnerIsGoneGetsItTakenOver) {
  Instance& dying = join(short_lease);
  Instance& living = join();
  send(dying, 1);
  end(dying);
  EXPECT_EQ(accept(living, acceptance(1)), Verdict::replayed);
  EXPECT_EQ(accept(living, acceptance(1, 5)), Verdict::conflict);
  ASSERT_TRUE(until([&] { return has_adopted(living, 1); }));
  EXPECT_EQ(times_adopted(living, 1), 1u);
}

TEST_F(Leases, AnEvictedInstanceAcceptsNothingUnderItsOldName) {
  Instance& sleeper = join(short_lease);
  const std::string before = sleeper.name();
  oversleep(sleeper);
  for (unsigned shard = 0; shard < shard_count; ++shard) {
    server->ask({"HSET", shard_key(shard, owners), before, "0"});
  }
  // Before it hears of it.
  std::optional<Verdict> verdict;
  sleeper.store().accept(acceptance(1), [&](Verdict given) { verdict = given; });
  EXPECT_FALSE(exists(1));
  wake(sleeper);
  ASSERT_TRUE(until([&] { return verdict.has_value() && sleeper.store().idle(); }));
  EXPECT_EQ(*verdict, Verdict::unavailable);
  EXPECT_FALSE(exists(1)) << "it was said to be unavailable, and was not kept: it stays so";
  EXPECT_EQ(accept(sleeper, acceptance(1)), Verdict::accepted);
  EXPECT_EQ(owner(1), sleeper.name());
}

}  // namespace
}  // namespace payswitch::store::shared
