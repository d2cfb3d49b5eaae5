#include "dispatch/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "dispatch/processors_fixture.h"
#include "dispatch/store_fixture.h"

namespace payswitch::dispatch {
namespace {

using lab::VirtualProcessor;
using std::chrono::milliseconds;
using std::chrono::seconds;
using store::test_id;
using store::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

struct DispatcherTest : testing::Test, TwoProcessors {
  explicit DispatcherTest(const processor::Options& both = {}) : TwoProcessors(both) {}

  // Starts it; without a connection yet.
  void begin() {
    dispatcher.emplace(options, policy, Dispatcher::Dependencies{store, peers, platform},
                       std::move(made),
                       [this](const payment::CorrelationId& id) { ended.push_back(id); });
    dispatcher->start();
  }
  // The same; after that both processors have an idle connection, as their first poll needs one.
  void start() {
    begin();
    world.run_for(milliseconds(500));
  }
  void accept(std::uint32_t number) {
    if (!dispatcher) start();
    dispatcher->accept(test_id(number), store::cents(1990),
                       [this](Verdict verdict) { verdicts.push_back(verdict); });
  }
  bool runs_until(const std::function<bool()>& holds) {
    return world.run_until(holds, std::chrono::minutes(5));
  }
  bool has_ended(std::size_t count = 1) {
    return runs_until([&] { return ended.size() == count; });
  }
  std::uint32_t slots_taken() const {
    std::uint32_t taken = 0;
    for (const auto& upstream : dispatcher->upstreams()) taken += upstream->in_flight();
    return taken;
  }
  int posts() const { return cheap_processor.posts() + dear_processor.posts(); }

  Options options;
  routing::PolicyOptions policy;
  FakeStore store{world};
  FakePeers peers;
  std::vector<payment::CorrelationId> ended;
  std::vector<Verdict> verdicts;
  std::optional<Dispatcher> dispatcher;
};

// -- accepting ------------------------------------------------------------------------------------

TEST_F(DispatcherTest, WithAConnectionAtHandTheAcceptanceCarriesTheFirstIntent) {
  accept(1);
  ASSERT_TRUE(has_ended());
  EXPECT_THAT(store.calls, ElementsAre("accept with 0 #1", "settle 0 #1"));
  EXPECT_THAT(verdicts, ElementsAre(Verdict::accepted));
  EXPECT_THAT(ended, ElementsAre(test_id(1)));
  EXPECT_EQ(slots_taken(), 0u);
}

TEST_F(DispatcherTest, Rule2_1_NothingIsSentBeforeTheIntentIsDurable) {
  start();
  store.hold();
  accept(1);
  world.run_for(seconds(1));
  EXPECT_EQ(posts(), 0);
  EXPECT_THAT(verdicts, IsEmpty());
  store.release();
  ASSERT_TRUE(runs_until([&] { return posts() == 1; }));
}

TEST_F(DispatcherTest, WithoutAConnectionTheIntentIsAWriteOfItsOwn) {
  begin();
  accept(1);
  ASSERT_TRUE(has_ended());
  EXPECT_THAT(store.calls, ElementsAre("accept", "intend 0 #1", "settle 0 #1"));
}

TEST_F(DispatcherTest, APaymentThatIsKnownAlreadyIsAnsweredAndNotSent) {
  for (const Verdict verdict : {Verdict::replayed, Verdict::conflict, Verdict::unavailable}) {
    store.verdict = verdict;
    accept(1);
    world.run_for(seconds(1));
    EXPECT_EQ(verdicts.back(), verdict);
  }
  EXPECT_EQ(posts(), 0);
  EXPECT_EQ(slots_taken(), 0u) << "the slots of their intents are free again";
  EXPECT_FALSE(dispatcher->oldest_open());
}

TEST_F(DispatcherTest, BeyondTheLimitOfOpenPaymentsOnlyKnownOnesAreAnswered) {
  options.max_open_payments = 2;
  cheap_processor.usually({.delay = seconds(1)});
  accept(1);
  accept(2);
  EXPECT_TRUE(store.last_acceptance->admit_new);
  accept(3);
  EXPECT_FALSE(store.last_acceptance->admit_new);
  EXPECT_FALSE(store.last_acceptance->intent);
  world.run_for(milliseconds(1));
  EXPECT_EQ(verdicts.back(), Verdict::not_admitted);
  ASSERT_TRUE(has_ended(2));
  accept(3);
  EXPECT_TRUE(store.last_acceptance->admit_new);
}

TEST_F(DispatcherTest, AnIntentThatIsNotGrantedIsNotSentAndFreesItsSlot) {
  begin();
  store.grants_intents = false;
  accept(1);
  world.run_for(seconds(1));
  EXPECT_THAT(store.calls, ElementsAre("accept", "intend 0 #1"));
  EXPECT_EQ(posts(), 0);
  EXPECT_EQ(slots_taken(), 0u);
  EXPECT_FALSE(dispatcher->oldest_open());
}

TEST_F(DispatcherTest, WhileTheStoreIsARestoredCopyNothingNewIsSentUnasked) {
  options.restored = Restored::yes;
  accept(1);
  ASSERT_TRUE(has_ended());
  EXPECT_THAT(store.calls, ElementsAre("accept", "intend 0 #1", "settle 0 #1"));
  EXPECT_EQ(cheap_processor.gets() + dear_processor.gets(), 2);
}

// -- how an attempt ends --------------------------------------------------------------------------

TEST_F(DispatcherTest, ARefusalIsRecordedBeforeTheIntentAtTheOtherProcessor) {
  cheap_processor.usually(VirtualProcessor::refuse());
  accept(1);
  ASSERT_TRUE(has_ended());
  EXPECT_THAT(store.calls,
              ElementsAre("accept with 0 #1", "refuse 0 #1 refused", "intend 1 #2", "settle 1 #2"));
}

TEST_F(DispatcherTest, EachAttemptHasItsOwnRequestedAt) {
  cheap_processor.usually(VirtualProcessor::refuse());
  accept(1);
  ASSERT_TRUE(has_ended());
  EXPECT_LT(store.intents[0].requested_at, store.intents[1].requested_at);
  EXPECT_EQ(store.settlements[0].requested_at, store.intents[1].requested_at);
}

TEST_F(DispatcherTest, AnUnknownOutcomeIsNotedAndStaysWithItsProcessor) {
  cheap_processor.next(VirtualProcessor::take_and_cut());
  accept(1);
  ASSERT_TRUE(runs_until([&] { return dispatcher->oldest_unknown().has_value(); }));
  ASSERT_TRUE(has_ended());
  EXPECT_THAT(store.calls, ElementsAre("accept with 0 #1", "unknown", "settle 0 #1"));
  EXPECT_EQ(dear_processor.posts(), 0);
  EXPECT_FALSE(dispatcher->oldest_unknown());
}

TEST_F(DispatcherTest, APaymentThatIsOurFaultEverywhereIsParkedAndLogged) {
  cheap_processor.usually(VirtualProcessor::refuse(400));
  dear_processor.usually(VirtualProcessor::refuse(415));
  accept(1);
  ASSERT_TRUE(has_ended());
  EXPECT_THAT(store.calls, ElementsAre("accept with 0 #1", "refuse 0 #1 our_fault", "intend 1 #2",
                                       "refuse 1 #2 our_fault", "park"));
  EXPECT_EQ(log.count(platform::Level::error, "request is our fault: parked"), 1u);
}

TEST_F(DispatcherTest, ASettlementThatDiffersFromWhatWasSentIsAFinding) {
  cheap_processor.book(test_id(1), {store::cents(1), store::at(-60'000), 1});
  accept(1);
  ASSERT_TRUE(has_ended());
  EXPECT_TRUE(store.settlements[0].finding);
  EXPECT_EQ(store.settlements[0].amount, store::cents(1));
  EXPECT_EQ(log.count(platform::Level::error, "finding: processor cheap booked payment"), 1u);
  EXPECT_EQ(log.count(platform::Level::error, "were these books restored"), 1u)
      << "a new payment was there already";
}

TEST_F(DispatcherTest, FeesAreCountedAgainstTheDearestProcessor) {
  accept(1);
  ASSERT_TRUE(has_ended());
  EXPECT_FALSE(store.settlements[0].finding);
  const Counters& counters = dispatcher->counters();
  EXPECT_EQ(static_cast<std::int64_t>(counters.fees_paid_ppm), 1990 * 50'000);
  EXPECT_EQ(static_cast<std::int64_t>(counters.fees_saved_ppm), 1990 * 100'000);
  EXPECT_EQ(counters.settlement.count(), 1u);
}

TEST_F(DispatcherTest, ItHasEndedWhenTheSettlementIsDurable) {
  accept(1);
  world.run_for(milliseconds(1));
  store.hold();
  ASSERT_TRUE(runs_until([&] { return store.calls.back() == "settle 0 #1"; }));
  world.run_for(seconds(1));
  EXPECT_THAT(ended, IsEmpty());
  EXPECT_EQ(dispatcher->open(), 0u);
  store.release();
  EXPECT_TRUE(has_ended());
}

// -- times ----------------------------------------------------------------------------------------

TEST_F(DispatcherTest, Rule6_NoAttemptJoinsATimeThatIsFinal) {
  start();
  std::optional<payment::UtcMs> final_until;
  const payment::UtcMs declared{world.wall().value + 100};
  dispatcher->declare_final(declared, [&](auto until) { final_until = until; });
  ASSERT_TRUE(runs_until([&] { return final_until.has_value(); }));
  accept(1);
  EXPECT_GT(store.intents[0].requested_at, *final_until);
}

TEST_F(DispatcherTest, TheAgeOfTheOldestRunsFromItsAcceptance) {
  cheap_processor.usually({.delay = seconds(4)});
  accept(1);
  world.run_for(seconds(2));
  accept(2);
  world.run_for(seconds(1));
  EXPECT_EQ(dispatcher->oldest_open(), platform::Duration(seconds(3)));
  world.run_for(seconds(2));
  EXPECT_EQ(dispatcher->oldest_open(), platform::Duration(seconds(3)));
}

// -- start and stop -------------------------------------------------------------------------------

TEST_F(DispatcherTest, WhatTheStoreHadOpenIsTakenUpAtTheStart) {
  store.open_at_start = {{.id = test_id(1),
                          .amount = store::cents(1990),
                          .accepted_at = world.wall(),
                          .unanswered = {}}};
  start();
  EXPECT_TRUE(has_ended());
  EXPECT_EQ(posts(), 1);
}

TEST_F(DispatcherTest, AfterItWasStoppedWhatIsInFlightEndsAndNothingNewBegins) {
  cheap_processor.usually({.delay = seconds(1)});
  accept(1);
  world.run_for(milliseconds(100));
  dispatcher->stop();
  EXPECT_TRUE(dispatcher->is_stopping());
  EXPECT_FALSE(dispatcher->is_quiet());
  accept(2);
  EXPECT_FALSE(store.last_acceptance->admit_new);
  ASSERT_TRUE(has_ended());
  world.run_for(seconds(60));
  EXPECT_TRUE(dispatcher->is_quiet());
  EXPECT_EQ(posts(), 1);
}

TEST_F(DispatcherTest, ItIsNotQuietWhileTheStoreWrites) {
  start();
  EXPECT_TRUE(dispatcher->is_quiet());
  store.hold();
  accept(1);
  EXPECT_FALSE(dispatcher->is_quiet());
  dispatcher->stop();
  store.release();
  ASSERT_TRUE(has_ended());
  EXPECT_TRUE(dispatcher->is_quiet());
}

}  // namespace
}  // namespace payswitch::dispatch
