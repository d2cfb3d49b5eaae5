#include "dispatch/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "dispatch/scheduling_fixture.h"

namespace payswitch::dispatch {
namespace {

using lab::VirtualProcessor;
using payment::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;
using store::cheap;
using store::dear;
using store::test_id;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr payment::ProcessorNumber gone = 2;  // the store knows its name, and it is not configured

struct RecoveryTest : testing::Test, Scheduled {
  explicit RecoveryTest(const processor::Options& both = {}) : Scheduled(both) {
    using Exchange = Scheduler::Exchange;
    events = {
        .assigned = [this](Job& job, const auto& assignment) { assign(job, assignment); },
        .connected =
            [this](Job& job, Upstream& upstream, http::ConnectionId connection, Exchange exchange) {
              exchange == Exchange::first_look
                  ? recovery->connected(job, upstream, connection)
                  : resolution->connected(job, upstream, connection, exchange);
            },
        .connect_failed =
            [this](Job& job, Exchange exchange) {
              exchange == Exchange::first_look ? recovery->connect_failed(job)
                                               : resolution->connect_failed(job);
            },
        .unroutable = [](Job&) {},
    };
  }

  void start() {
    Scheduled::start();
    resolution.emplace(options, platform, upstreams, jobs, *scheduler, outage, budget,
                       Resolution::Events{
                           .settled = [this](Job& job, const auto& entry) { settle(job, entry); },
                           .refused = [this](Job& job, Outcome reason) { refuse(job, reason); },
                           .became_unknown = [](Job&) {},
                       });
    recovery.emplace(options, platform, store, upstreams, jobs, times, *scheduler, *resolution,
                     [this](Job& job, const auto& entry) { settle(job, entry); });
  }
  // Nothing is sent: the slot is given back, and the payment ends here.
  void assign(Job& job, const Scheduler::Assignment& assignment) {
    assigned.push_back(assignment.upstream.number());
    assignment.upstream.cancel(assignment.reservation);
    jobs.remove(job);
  }
  void settle(Job& job, const processor::BookEntry& entry) {
    settled.emplace_back(job.processor, entry.requested_at);
    jobs.remove(job);
  }
  void refuse(Job& job, Outcome reason) {
    refused.push_back(reason);
    jobs.remove(job);
  }

  store::OpenPayment open(std::uint32_t number) const {
    return {.id = test_id(number),
            .amount = store::cents(1990),
            .accepted_at = world.wall(),
            .unanswered = {}};
  }
  store::OpenPayment sent(std::uint32_t number, payment::ProcessorNumber processor = cheap) const {
    store::OpenPayment payment = open(number);
    payment.attempts_made = 1;
    payment.unanswered = store::intent(1, intended, processor);
    return payment;
  }
  void take_up(const std::vector<store::OpenPayment>& payments) {
    if (!recovery) start();
    recovery->take_up(payments);
  }
  static void book(VirtualProcessor& processor, std::uint32_t number) {
    processor.book(test_id(number), {store::cents(1990), booked, 1});
  }
  int posts() const { return cheap_processor.posts() + dear_processor.posts(); }

  static constexpr payment::UtcMs intended = {lab::World::default_wall.value - 5'000};
  static constexpr payment::UtcMs booked = {lab::World::default_wall.value - 4'000};

  FakeStore store{world};
  RequestTimes times{store, peers, world, log};
  std::optional<Resolution> resolution;
  std::optional<Recovery> recovery;
  std::vector<payment::ProcessorNumber> assigned;
  std::vector<std::pair<payment::ProcessorNumber, payment::UtcMs>> settled;
  std::vector<Outcome> refused;
};

// -- by its state ---------------------------------------------------------------------------------

TEST_F(RecoveryTest, APaymentThatWasNeverSentIsScheduledLikeANewOne) {
  take_up({open(1)});
  world.run_for(milliseconds(1));
  EXPECT_THAT(assigned, ElementsAre(cheap));
  EXPECT_EQ(cheap_processor.gets(), 0);
  EXPECT_THAT(store.calls, IsEmpty());
}

TEST_F(RecoveryTest, APaymentThatWasSentIsAskedForWhereItWasSent) {
  book(dear_processor, 1);
  take_up({sent(1, dear)});
  EXPECT_THAT(store.calls, ElementsAre("unknown"));
  world.run_for(seconds(1));
  EXPECT_EQ(settled, (std::vector{std::pair(dear, booked)}));
  EXPECT_EQ(posts(), 0);
  EXPECT_EQ(cheap_processor.gets(), 0);
}

TEST_F(RecoveryTest, WhenThatProcessorDoesNotHaveItItIsSentThereAgainWithTheSameRequestedAt) {
  take_up({sent(1)});
  world.run_for(seconds(1));
  EXPECT_EQ(cheap_processor.posts(), 1);
  EXPECT_EQ(cheap_processor.books().at(test_id(1)).requested_at, intended);
  EXPECT_EQ(settled, (std::vector{std::pair(cheap, intended)}));
}

TEST_F(RecoveryTest, NoRefusalEndsAnAttemptOfAnEarlierLife) {
  cheap_processor.next(VirtualProcessor::refuse());
  take_up({sent(1)});
  ASSERT_TRUE(world.run_until([&] { return !settled.empty() || !refused.empty(); }));
  EXPECT_THAT(refused, IsEmpty());
  EXPECT_EQ(cheap_processor.posts(), 2);
}

TEST_F(RecoveryTest, TheFirstQuestionsAreSpreadOverAMillisecondAPayment) {
  std::vector<store::OpenPayment> many;
  for (std::uint32_t number = 1; number <= 400; ++number) {
    many.push_back(sent(number));
    book(cheap_processor, number);
  }
  take_up(many);
  world.run_for(milliseconds(200));
  EXPECT_GT(cheap_processor.gets(), 150);
  EXPECT_LT(cheap_processor.gets(), 250);
  world.run_for(milliseconds(210));
  EXPECT_EQ(settled.size(), 400u);
}

TEST_F(RecoveryTest, AProcessorThatCalledItOurFaultDoesNotGetItAgain) {
  store::OpenPayment payment = open(1);
  payment.our_fault_mask = 1u << cheap;
  take_up({payment});
  world.run_for(milliseconds(1));
  EXPECT_THAT(assigned, ElementsAre(dear));
}

TEST_F(RecoveryTest, PatienceRunsFromTheAcceptanceAcrossARestart) {
  policy.patience = seconds(60);
  start();
  open_breaker(cheap_upstream());
  store::OpenPayment old = open(1);
  old.accepted_at = {world.wall().value - 60'000};
  take_up({old, open(2)});
  world.run_for(milliseconds(10));
  EXPECT_THAT(assigned, ElementsAre(dear)) << "the second one still waits for the cheap one";
  EXPECT_EQ(scheduler->size(), 1u);
}

TEST_F(RecoveryTest, PaymentsOfAProcessorThatIsNotConfiguredStayOpenAndAreCounted) {
  take_up({sent(1, gone), sent(2, gone)});
  world.run_for(seconds(60));
  EXPECT_EQ(posts() + cheap_processor.gets() + dear_processor.gets(), 0);
  const auto& stranded = recovery->stranded().by_processor();
  ASSERT_EQ(stranded.size(), 1u);
  EXPECT_EQ(stranded.at(gone).count, 2u);
  EXPECT_EQ(log.count(platform::Level::error, "'gone', which is not configured"), 1u);
}

struct RecoveryWithATimeLimit : RecoveryTest {
  RecoveryWithATimeLimit() : RecoveryTest(released_after(seconds(10))) {
    cheap_processor.usually({.book = false, .answer = std::unexpected(http::Failure::cut)});
  }
};

TEST_F(RecoveryWithATimeLimit, APaymentOfOursIsReleasedAfterIt) {
  take_up({sent(1)});
  world.run_for(std::chrono::minutes(10));
  EXPECT_THAT(refused, ElementsAre(Outcome::released));
}

TEST_F(RecoveryWithATimeLimit, APaymentOfAnotherInstanceIsNotReleased) {
  store::OpenPayment payment = sent(1);
  payment.was_anothers = true;
  take_up({payment});
  world.run_for(std::chrono::minutes(10));
  EXPECT_THAT(refused, IsEmpty());
}

// -- a restored store -----------------------------------------------------------------------------

struct RestoredStore : RecoveryTest {
  RestoredStore() { options.restored = Restored::yes; }
};

TEST_F(RestoredStore, EveryProcessorIsAskedBeforeAPaymentIsSent) {
  take_up({open(1)});
  EXPECT_EQ(recovery->asking_first(), 1u);
  world.run_for(seconds(1));
  EXPECT_EQ(cheap_processor.gets(), 1);
  EXPECT_EQ(dear_processor.gets(), 1);
  EXPECT_THAT(assigned, ElementsAre(cheap));
  EXPECT_EQ(recovery->asking_first(), 0u);
}

TEST_F(RestoredStore, ANewPaymentIsAskedForToo) {
  book(dear_processor, 1);
  start();
  recovery->ask_everywhere(add_job(1));
  world.run_for(seconds(1));
  EXPECT_EQ(settled, (std::vector{std::pair(dear, booked)}));
  EXPECT_THAT(assigned, IsEmpty());
  EXPECT_EQ(dear_upstream().counters().found_first, 1u);
}

TEST_F(RestoredStore, WhatIsFoundIsGivenAnIntentAndCountsUntilThatIsDurable) {
  book(dear_processor, 1);
  store.hold();
  take_up({open(1)});
  world.run_for(seconds(1));
  EXPECT_THAT(store.calls, ElementsAre("intend 1 #1"));
  EXPECT_EQ(store.intents[0].requested_at, booked);
  EXPECT_EQ(settled.size(), 1u);
  EXPECT_EQ(recovery->asking_first(), 1u);
  store.release();
  world.run_for(milliseconds(0));
  EXPECT_EQ(recovery->asking_first(), 0u);
}

TEST_F(RestoredStore, WhatWasUnansweredElsewhereIsRefusedFirst) {
  book(dear_processor, 1);
  take_up({sent(1, cheap)});
  world.run_for(seconds(1));
  EXPECT_THAT(store.calls, ElementsAre("unknown", "refuse 0 #1 released", "intend 1 #2"));
}

TEST_F(RestoredStore, WhatIsFoundWhereItWasSentNeedsNoSecondIntent) {
  book(cheap_processor, 1);
  take_up({sent(1, cheap)});
  world.run_for(seconds(1));
  EXPECT_THAT(store.calls, ElementsAre("unknown"));
  EXPECT_EQ(settled.size(), 1u);
  EXPECT_EQ(recovery->asking_first(), 0u);
}

TEST_F(RestoredStore, ATimeAheadOfEveryClockIsNotIssued) {
  const payment::UtcMs ahead{world.wall().value + 3'600'000};
  dear_processor.book(test_id(1), {store::cents(1990), ahead, 1});
  take_up({open(1)});
  world.run_for(seconds(1));
  ASSERT_EQ(store.intents.size(), 1u);
  EXPECT_LE(store.intents[0].requested_at, world.wall());
}

TEST_F(RestoredStore, AProcessorThatGivesNoAnswerIsAskedUntilItDoes) {
  dear_processor.set_up(false);
  take_up({open(1)});
  world.run_for(seconds(60));
  EXPECT_THAT(assigned, IsEmpty());
  EXPECT_EQ(recovery->asking_first(), 1u);
  EXPECT_EQ(cheap_processor.gets(), 1);
  dear_processor.set_up(true);
  world.run_for(seconds(20));
  EXPECT_THAT(assigned, ElementsAre(cheap));
}

TEST_F(RestoredStore, AConnectionThatIsCutIsNoAnswer) {
  book(dear_processor, 1);
  start();
  connect(1);
  dear_client.let_idle_connections_die();
  take_up({open(1)});
  world.run_for(seconds(1));
  EXPECT_EQ(settled, (std::vector{std::pair(dear, booked)}));
  EXPECT_THAT(assigned, IsEmpty());
}

TEST_F(RecoveryTest, WhatRedisHasForgottenIsAskedForOnlyWhereItMayBe) {
  store::OpenPayment payment = open(1);
  payment.ask_first_mask = 1u << dear | 1u << gone;
  take_up({payment});
  world.run_for(seconds(1));
  EXPECT_EQ(cheap_processor.gets(), 0);
  EXPECT_EQ(dear_processor.gets(), 1);
  EXPECT_THAT(assigned, ElementsAre(cheap));
}

}  // namespace
}  // namespace payswitch::dispatch
