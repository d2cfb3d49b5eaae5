#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/virtual/town.h"

// The real composition on the virtual platform: one process, two processors, everything from one
// seed.
namespace payswitch::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Plan = VirtualProcessor::Plan;

struct LifeOfAPayment : testing::Test {
  Town town;

  // Lets the first health poll pass, so that a connection is idle and the fast path is open.
  void warm_up() { town.world.run_for(seconds(1)); }
  void expect_drained_and_equal() {
    EXPECT_TRUE(town.drains());
    town.expect_books_equal();
  }
};

TEST_F(LifeOfAPayment, FromAcceptToSettledAtTheCheapest) {
  warm_up();
  town.pay(1);
  EXPECT_EQ(town.received(1).status, 0u);  // nothing is answered before the sync
  EXPECT_EQ(town.cheap.posts(), 0);        // nor sent
  expect_drained_and_equal();
  EXPECT_EQ(town.received(1).status, 202u);
  EXPECT_EQ(town.received(1).body, R"({"message":"Payment processed successfully"})");
  EXPECT_EQ(town.state_of(1), "settled");
  EXPECT_EQ(town.cheap.books().size(), 1u);
}

// A settlement that was read is shown at once; who waits for it counts on it.
TEST_F(LifeOfAPayment, WhoWaitsIsToldOfASettlementThatNoPowerCutTakesBack) {
  warm_up();
  town.cheap.next({.delay = milliseconds(100)});
  town.pay(1);
  ASSERT_TRUE(town.world.run_until([&] { return town.received(1).status == 202; }));
  DiskTimes slow;
  slow.sync = seconds(1);
  town.disk.set_times(slow);
  ASSERT_TRUE(town.world.run_until([&] { return town.process->store().counters().open() == 0; }));
  const std::string target = "/payments/" + Town::id_of(1).to_string();
  Received plain, waiting, out_of_time;
  town.request(http::Method::get, target, "", plain);
  town.request(http::Method::get, target + "?wait=30s", "", waiting);
  town.request(http::Method::get, target + "?wait=1ms", "", out_of_time);
  town.world.run_for(milliseconds(900));
  EXPECT_THAT(plain.body, testing::HasSubstr(R"("state":"settled")"));
  EXPECT_EQ(waiting.status, 0u);
  EXPECT_EQ(out_of_time.status, 0u);
  ASSERT_TRUE(town.world.run_until([&] { return waiting.status != 0 && out_of_time.status != 0; },
                                   seconds(1)));
  EXPECT_TRUE(town.process->store().idle());
  EXPECT_THAT(waiting.body, testing::HasSubstr(R"("state":"settled")"));
  EXPECT_THAT(out_of_time.body, testing::HasSubstr(R"("state":"settled")"));
  town.cheap.set_up(false);  // who has forgotten it cannot ask
  town.power_cut();
  town.start();
  EXPECT_EQ(town.state_of(1), "settled");
}

// Its time is over while the settlement is being written.
TEST_F(LifeOfAPayment, WhoseTimeIsOverIsNotToldOfASettlementBeforeItIsDurable) {
  warm_up();
  town.cheap.next({.delay = milliseconds(100)});
  town.pay(1);
  ASSERT_TRUE(town.world.run_until([&] { return town.received(1).status == 202; }));
  DiskTimes slow;
  slow.sync = seconds(1);
  town.disk.set_times(slow);
  Received waiting;
  town.request(http::Method::get, "/payments/" + Town::id_of(1).to_string() + "?wait=300ms", "",
               waiting);
  town.world.run_for(milliseconds(900));
  EXPECT_EQ(town.process->store().counters().open(), 0u);
  EXPECT_EQ(waiting.status, 0u);
  ASSERT_TRUE(town.world.run_until([&] { return waiting.status != 0; }, seconds(1)));
  EXPECT_TRUE(town.process->store().idle());
  EXPECT_THAT(waiting.body, testing::HasSubstr(R"("state":"settled")"));
}

// Of the books of the cheap one.
payment::UtcMs requested_at(const Town& town, int n) {
  return town.cheap.books().at(Town::id_of(n)).requested_at;
}

TEST_F(LifeOfAPayment, Rule6_WhatWasToldIsNotJoinedAfterARestartWithTheClockSetBack) {
  warm_up();
  town.pay(1);
  ASSERT_TRUE(town.drains());
  town.world.run_for(seconds(10));
  Received sum;
  const auto told = town.world.wall();
  town.request(http::Method::get, "/payments-summary", "", sum);
  ASSERT_TRUE(town.world.run_until([&] { return sum.status != 0; }));
  EXPECT_EQ(sum.final_until, told);
  town.power_cut();
  town.world.set_wall({told.value - 3'600'000});
  town.start();
  town.pay(2);
  ASSERT_TRUE(town.drains());
  EXPECT_GT(requested_at(town, 2), told);
}

TEST_F(LifeOfAPayment, Rule6_ASumIsToldWhenItIsKeptThatItWas) {
  warm_up();
  DiskTimes slow;
  slow.sync = seconds(1);
  town.disk.set_times(slow);
  Received sum;
  town.request(http::Method::get, "/payments-summary", "", sum);
  town.world.run_for(milliseconds(900));
  EXPECT_EQ(sum.status, 0u);
  town.world.run_for(milliseconds(200));
  EXPECT_EQ(sum.status, 200u);
  // The next ones within the second, and those of the past, write nothing.
  const auto groups = town.process->store().counters().batches;
  for (int i = 0; i < 5; ++i) {
    Received again;
    town.world.run_for(milliseconds(10));
    town.request(http::Method::get, "/payments-summary?to=2020-01-01T00:00:00Z", "", again);
    town.world.run_for(milliseconds(1));
    EXPECT_EQ(again.status, 200u);
  }
  EXPECT_EQ(town.process->store().counters().batches, groups);
}

TEST_F(LifeOfAPayment, TheFastPathMakesTwoDurableWritesAPayment) {
  warm_up();
  const auto before = town.process->store().counters().batches;
  town.pay(1);
  ASSERT_TRUE(town.drains());
  EXPECT_EQ(town.process->store().counters().batches - before, 2u);
}

TEST_F(LifeOfAPayment, ALostReplyAndACrashChargeItOnce) {
  warm_up();
  town.cheap.next(VirtualProcessor::take_and_cut());
  town.pay(1);
  ASSERT_TRUE(town.world.run_until([&] { return town.cheap.books().size() == 1; }));
  town.kill();
  town.start();
  expect_drained_and_equal();
  EXPECT_EQ(town.cheap.posts(), 1);  // the GET was enough
}

TEST_F(LifeOfAPayment, APowerCutWithTheRequestOnItsWayChargesItOnce) {
  warm_up();
  town.cheap.next({.delay = seconds(20)});
  town.pay(1);
  ASSERT_TRUE(town.world.run_until([&] { return town.cheap.posts() == 1; }));
  town.power_cut();
  town.start();
  town.world.run_for(seconds(30));
  expect_drained_and_equal();
}

TEST_F(LifeOfAPayment, ARefusalGoesToTheDearOneAtOnceWhenThereIsNoPatience) {
  warm_up();
  town.cheap.usually(VirtualProcessor::refuse());
  town.pay(1);
  expect_drained_and_equal();
  EXPECT_EQ(town.dear.books().size(), 1u);
  EXPECT_EQ(town.cheap.posts(), 1);
}

TEST_F(LifeOfAPayment, AThrottledPaymentWaitsAMomentForTheCheapOne) {
  warm_up();
  town.cheap.next(VirtualProcessor::refuse(429));
  town.pay(1);
  expect_drained_and_equal();
  EXPECT_EQ(town.cheap.books().size(), 1u);
}

TEST_F(LifeOfAPayment, AProcessorThatRefusesEverythingDoesNotHoldUpWhatTheOtherWouldTake) {
  warm_up();
  town.dear.set_up(false);
  town.process->client(1).let_idle_connections_die();
  town.cheap.next(VirtualProcessor::refuse());
  town.pay(1);
  expect_drained_and_equal();
  EXPECT_EQ(town.cheap.books().size(), 1u);
}

TEST_F(LifeOfAPayment, AnUnknownStaysAtItsProcessorWhileTheDearOneIsFree) {
  warm_up();
  town.cheap.next({.delay = seconds(10)});
  town.cheap.usually(VirtualProcessor::refuse());
  town.pay(1);
  town.world.run_for(seconds(9));
  EXPECT_EQ(town.state_of(1), "unknown");
  EXPECT_EQ(town.dear.posts(), 0);
  expect_drained_and_equal();
  EXPECT_EQ(town.cheap.books().size(), 1u);
}

TEST_F(LifeOfAPayment, BothDownThePaymentWaitsAndGoesWhenOneIsBack) {
  warm_up();
  town.cheap.set_up(false);
  town.dear.set_up(false);
  town.process->client(0).let_idle_connections_die();
  town.process->client(1).let_idle_connections_die();
  for (int n = 1; n <= 50; ++n) town.pay(n);
  town.world.run_for(seconds(12));
  for (int n = 1; n <= 50; ++n) EXPECT_EQ(town.received(n).status, 202u);
  EXPECT_GE(town.process->dispatcher().outage().count(), 1u);
  town.cheap.set_up(true);
  EXPECT_TRUE(town.drains(seconds(10)));
  town.expect_books_equal();
  EXPECT_EQ(town.cheap.books().size(), 50u);
}

// Returns how many of 60 the dear one got, when both recover from an outage at the same moment.
std::size_t left_to_the_dear_one(std::uint64_t seed, bool cheap_recovers) {
  Town town(seed);
  town.world.run_for(seconds(1));
  town.cheap.usually(VirtualProcessor::refuse());
  town.dear.usually(VirtualProcessor::refuse());
  for (int n = 1; n <= 60; ++n) town.pay(n);
  town.world.run_for(seconds(12) + milliseconds(37) * static_cast<int>(seed));
  EXPECT_GE(town.process->dispatcher().outage().count(), 1u);
  if (cheap_recovers) town.cheap.usually({});
  town.dear.usually({});
  EXPECT_TRUE(town.drains(seconds(10)));
  town.expect_books_equal();
  return town.dear.books().size();
}

TEST(Comeback, WhenBothRecoverTheBacklogWaitsUntilTheCheapOneWasAsked) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_LE(left_to_the_dear_one(seed, true), 4u) << "seed " << seed;
  }
}

TEST(Comeback, WhenOnlyTheDearOneRecoversItGetsTheBacklogSoon) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(left_to_the_dear_one(seed, false), 60u) << "seed " << seed;
  }
}

TEST_F(LifeOfAPayment, ReplaysWaitForTheFirstOnesSync) {
  warm_up();
  town.pay(1, 1990);
  Received again;
  Received other;
  const std::string id = Town::id_of(1).to_string();
  town.request(http::Method::post, "/payments",
               R"({"correlationId":")" + id + R"(","amount":19.9})", again);
  town.request(http::Method::post, "/payments",
               R"({"correlationId":")" + id + R"(","amount":19.91})", other);
  EXPECT_EQ(again.status, 0u);
  EXPECT_EQ(other.status, 0u);
  expect_drained_and_equal();
  EXPECT_EQ(again.status, 202u);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.body, town.received(1).body);
  EXPECT_EQ(other.status, 422u);
  EXPECT_EQ(town.cheap.posts(), 1);
}

TEST_F(LifeOfAPayment, OurFaultEverywhereParksItAndNeverDropsIt) {
  warm_up();
  town.cheap.usually(VirtualProcessor::refuse(400));
  town.dear.usually(VirtualProcessor::refuse(415));
  town.pay(1);
  town.world.run_for(seconds(60));
  EXPECT_EQ(town.state_of(1), "parked");
  EXPECT_EQ(town.cheap.posts() + town.dear.posts(), 2);
  town.kill();
  town.start();
  town.pay(1);
  town.world.run_for(seconds(60));
  EXPECT_EQ(town.received(1).status, 202u);
  EXPECT_TRUE(town.received(1).replayed);
  EXPECT_EQ(town.state_of(1), "parked");
  EXPECT_EQ(town.cheap.posts() + town.dear.posts(), 2);
}

TEST_F(LifeOfAPayment, AlreadyBookedWithAnotherTimeSettlesByTheBooks) {
  warm_up();
  town.cheap.book(Town::id_of(1), {payment::Money::from_cents(1991), {1'700'000'000'000}, 1});
  town.pay(1);
  expect_drained_and_equal();
  EXPECT_EQ(town.process->store().counters().findings, 1u);
}

TEST_F(LifeOfAPayment, HealthIsPolledOncePerInterval) {
  town.world.run_for(seconds(60));
  EXPECT_LE(town.cheap.health_polls(), 12);
  EXPECT_GE(town.cheap.health_polls(), 11);
}

TEST_F(LifeOfAPayment, AProcessorThatSaysThatItFailsGetsProbesOnly) {
  town.cheap.say_failing(true);
  town.cheap.usually(VirtualProcessor::refuse());
  warm_up();
  for (int n = 1; n <= 30; ++n) town.pay(n);
  ASSERT_TRUE(town.drains());
  EXPECT_LE(town.cheap.posts(), 3);
  town.expect_books_equal();
}

TEST_F(LifeOfAPayment, AProcessorThatIsAwayHoldsNobodyUp) {
  warm_up();
  town.cheap.set_up(false);
  town.process->client(0).let_idle_connections_die();
  for (int n = 1; n <= 100; ++n) {
    town.pay(n);
    town.world.run_for(milliseconds(20));
    if (n > 10) EXPECT_EQ(town.state_of(n), "settled") << n;
  }
  expect_drained_and_equal();
  EXPECT_EQ(town.dear.books().size(), 100u);
}

TEST_F(LifeOfAPayment, ABurstOnAHealthyProcessorDoesNotSpillToTheDearOne) {
  warm_up();
  for (int n = 1; n <= 500; ++n) town.pay(n);
  expect_drained_and_equal();
  EXPECT_EQ(town.dear.books().size(), 0u);
}

TEST_F(LifeOfAPayment, NoRequestedAtIsIssuedWithinATimeThatWasToldFinal) {
  warm_up();
  town.pay(1);
  ASSERT_TRUE(town.drains());
  Received summary;
  town.request(http::Method::get, "/payments-summary", "", summary);
  ASSERT_TRUE(town.world.run_until([&] { return summary.status == 200; }));
  const payment::UtcMs told = town.world.wall();
  town.world.set_wall({told.value - 5'000});
  town.pay(2);
  expect_drained_and_equal();
  EXPECT_GT(town.cheap.books().at(Town::id_of(2)).requested_at, told);
}

// What reached a processor must never be forgotten, not even by a power cut in that very moment.
void expect_known_after_a_power_cut_at_the_first_request(bool is_fast_path) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Town town(seed);
    // Until the first health poll there is no idle connection, and the intent is a record of its
    // own.
    if (is_fast_path) town.world.run_for(seconds(1));
    town.cheap.usually({.book = false, .silent = true});
    town.pay(1);
    ASSERT_TRUE(town.world.run_until([&] { return town.cheap.posts() == 1; }, seconds(1)));
    town.power_cut();
    town.start();
    EXPECT_EQ(town.state_of(1), "unknown");
  }
}

TEST(Rule2_1, AnIntentOfItsOwnIsDurableBeforeItsRequestLeaves) {
  expect_known_after_a_power_cut_at_the_first_request(false);
}

TEST(Rule2_2, AnIntentThatRidesOnTheAcceptanceIsDurableBeforeItsRequestLeaves) {
  expect_known_after_a_power_cut_at_the_first_request(true);
}

// Random faults from a seed: whatever happens, each payment is charged once and the books are
// equal.
TEST(ManyLives, ChargeEachPaymentOnceAndDrain) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Town town(seed);
    const auto misbehave = [&](VirtualProcessor& processor) {
      const std::array plans = {Plan{},
                                Plan{.delay = seconds(2)},
                                Plan{.delay = seconds(8)},
                                VirtualProcessor::refuse(),
                                VirtualProcessor::refuse(429),
                                VirtualProcessor::take_and_cut(),
                                Plan{.silent = true},
                                Plan{.book = false, .silent = true},
                                Plan{.answer = SentResponse{500, "{}"}},
                                Plan{.book = false, .answer = SentResponse{500, "{}"}}};
      for (int i = 0; i < 40; ++i) processor.next(plans[town.random.below(plans.size())]);
    };
    int paid = 0;
    for (int life = 0; life < 4; ++life) {
      misbehave(town.cheap);
      misbehave(town.dear);
      for (int burst = 0; burst < 10; ++burst) {
        for (std::uint64_t i = town.random.below(8); i > 0; --i) town.pay(++paid);
        town.world.run_for(milliseconds(town.random.below(400)));
      }
      town.random.one_in(2) ? town.kill() : town.power_cut();
      town.start();
    }
    EXPECT_TRUE(town.drains(std::chrono::minutes(10)));
    town.expect_books_equal();
    if (testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace payswitch::lab
