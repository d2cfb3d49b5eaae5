#include "dispatch/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "dispatch/scheduling_fixture.h"

namespace payswitch::dispatch {
namespace {

using payment::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;
using store::cheap;
using store::dear;
using store::test_id;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Exchange = Scheduler::Exchange;

struct SchedulerTest : testing::Test, Scheduled {
  explicit SchedulerTest(const processor::Options& both = {}) : Scheduled(both) {
    events = {
        .assigned =
            [this](Job& job, const Scheduler::Assignment& assignment) {
              served.push_back(job.id);
              assigned.emplace_back(job.id, assignment.upstream.number());
              held.push_back(assignment);
            },
        .connected =
            [this](Job& job, Upstream& upstream, http::ConnectionId connection, Exchange exchange) {
              served.push_back(job.id);
              connected.emplace_back(job.id, exchange);
              upstream.client().give_back(connection);
            },
        .connect_failed = [this](Job& job,
                                 Exchange exchange) { failed.emplace_back(job.id, exchange); },
        .unroutable = [this](Job& job) { unroutable.push_back(job.id); },
    };
  }

  Job& enqueue(std::uint32_t number, platform::Duration waited = {}) {
    Job& job = add_job(number, waited);
    scheduler->enqueue(job);
    return job;
  }
  void run_for(platform::Duration span) { world.run_for(span); }
  void give_back_all() {
    for (const auto& each : std::exchange(held, {})) each.upstream.cancel(each.reservation);
  }

  std::vector<std::pair<payment::CorrelationId, payment::ProcessorNumber>> assigned;
  std::vector<Scheduler::Assignment> held;  // their slots and connections are taken
  std::vector<std::pair<payment::CorrelationId, Exchange>> connected;
  std::vector<std::pair<payment::CorrelationId, Exchange>> failed;
  std::vector<payment::CorrelationId> served;  // assigned or connected
  std::vector<payment::CorrelationId> unroutable;
};

// -- the queue ------------------------------------------------------------------------------------

TEST_F(SchedulerTest, PaymentsGoToTheCheapestProcessorInTheOrderInWhichTheyCame) {
  start();
  for (std::uint32_t number = 1; number <= 3; ++number) enqueue(number);
  EXPECT_EQ(scheduler->size(), 3u);
  EXPECT_THAT(assigned, IsEmpty()) << "no connection is there yet";
  run_for(milliseconds(1));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), cheap), Pair(test_id(2), cheap),
                                    Pair(test_id(3), cheap)));
  EXPECT_EQ(scheduler->size(), 0u);
}

TEST_F(SchedulerTest, APaymentWaitsWhileEveryBreakerIsOpenAndGoesAsAProbe) {
  start();
  open_breaker(cheap_upstream());
  open_breaker(dear_upstream());
  enqueue(1);
  enqueue(2);
  run_for(milliseconds(499));
  EXPECT_THAT(assigned, IsEmpty());
  run_for(milliseconds(2));
  EXPECT_EQ(cheap_upstream().in_flight(), 1u);
  EXPECT_EQ(assigned[0], std::pair(test_id(1), cheap));
}

TEST_F(SchedulerTest, WhenTheCheapBreakerIsOpenTheDearProcessorGetsThePaymentAtOnce) {
  start();
  open_breaker(cheap_upstream());
  enqueue(1);
  run_for(milliseconds(1));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), dear)));
}

TEST_F(SchedulerTest, WithPatienceItWaitsForTheBrokenCheapOneUntilPatienceIsOver) {
  policy.patience = milliseconds(300);
  start();
  open_breaker(cheap_upstream());
  enqueue(1);
  run_for(milliseconds(299));
  EXPECT_THAT(assigned, IsEmpty());
  run_for(milliseconds(2));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), dear)));
}

struct FullProcessors : SchedulerTest {
  FullProcessors() : SchedulerTest(with_slots(1)) {}
};

TEST_F(FullProcessors, APaymentHoldsForTheFullCheapOneBeforeTheDearOneGetsIt) {
  start();
  enqueue(1);
  enqueue(2);
  run_for(milliseconds(249));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), cheap)));
  run_for(milliseconds(2));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), cheap), Pair(test_id(2), dear)));
}

TEST_F(FullProcessors, ASlotThatBecomesFreeGoesToTheOldestPayment) {
  start();
  for (std::uint32_t number = 1; number <= 3; ++number) enqueue(number);
  run_for(milliseconds(10));
  give_back_all();
  run_for(milliseconds(10));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), cheap), Pair(test_id(2), cheap)));
}

TEST_F(FullProcessors, PaymentsThatExcludeAProcessorDoNotHoldUpTheOthers) {
  start();
  open_breaker(dear_upstream());
  Job& excluding = add_job(1);
  excluding.refusals = Refusals(1u << cheap);
  scheduler->enqueue(excluding);
  enqueue(2);
  run_for(milliseconds(10));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(2), cheap)));
  EXPECT_EQ(scheduler->size(), 1u);
}

TEST_F(SchedulerTest, WithoutALeaseNothingIsAssignedUntilThePeersAreHeard) {
  peers.has_lease = false;
  start();
  enqueue(1);
  run_for(seconds(1));
  EXPECT_THAT(assigned, IsEmpty());
  peers.has_lease = true;
  scheduler->schedule_soon();
  run_for(milliseconds(1));
  EXPECT_EQ(assigned.size(), 1u);
}

TEST_F(SchedulerTest, AfterItWasStoppedNothingIsAssigned) {
  start();
  enqueue(1);
  scheduler->stop();
  run_for(seconds(1));
  EXPECT_THAT(assigned, IsEmpty());
  EXPECT_EQ(scheduler->size(), 1u);
}

// -- at once --------------------------------------------------------------------------------------

TEST_F(SchedulerTest, APaymentIsAssignedAtOnceWhenAConnectionIsIdle) {
  start();
  Job& job = add_job(1);
  EXPECT_FALSE(scheduler->assign_at_once(job)) << "no connection is there yet";
  connect(1);
  const auto assignment = scheduler->assign_at_once(job);
  ASSERT_TRUE(assignment);
  EXPECT_EQ(assignment->upstream.number(), cheap);
  EXPECT_EQ(cheap_upstream().in_flight(), 1u);
  EXPECT_THAT(assigned, IsEmpty()) << "the caller has it already";
}

TEST_F(SchedulerTest, NoPaymentOvertakesThoseThatWait) {
  start();
  connect(5);
  enqueue(1);
  EXPECT_FALSE(scheduler->assign_at_once(add_job(2)));
}

TEST_F(SchedulerTest, WithoutALeaseNothingIsAssignedAtOnce) {
  peers.has_lease = false;
  start();
  connect(1);
  EXPECT_FALSE(scheduler->assign_at_once(add_job(1)));
}

// -- refusals -------------------------------------------------------------------------------------

TEST_F(SchedulerTest, ARefusedPaymentMovesToTheOtherProcessorAtOnce) {
  start();
  connect(1);
  scheduler->retry(add_job(1), cheap, Outcome::refused);
  run_for(milliseconds(0));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), dear)));
}

TEST_F(SchedulerTest, WhenBothHaveRefusedItBacksOffAndTriesTheCheapOneAgain) {
  start();
  connect(1);
  Job& job = add_job(1);
  scheduler->retry(job, cheap, Outcome::refused);
  run_for(milliseconds(0));
  give_back_all();
  scheduler->retry(job, dear, Outcome::refused);
  run_for(milliseconds(0));
  EXPECT_EQ(assigned.size(), 1u);
  EXPECT_EQ(scheduler->size(), 0u) << "what backs off is not in the queue";
  run_for(milliseconds(200));  // 50 ms x 2^2 at most
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), dear), Pair(test_id(1), cheap)));
}

TEST_F(SchedulerTest, AThrottledPaymentBacksOffAndStaysWithTheCheapOne) {
  start();
  connect(1);
  scheduler->retry(add_job(1), cheap, Outcome::throttled);
  run_for(milliseconds(0));
  EXPECT_THAT(assigned, IsEmpty());
  run_for(milliseconds(100));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), cheap)));
}

TEST_F(SchedulerTest, WhilePatienceLastsARefusedPaymentTriesTheCheapOneAgain) {
  policy.patience = seconds(10);
  start();
  connect(1);
  scheduler->retry(add_job(1), cheap, Outcome::refused);
  run_for(milliseconds(100));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), cheap)));
}

TEST_F(SchedulerTest, ABackOffNeverOutlastsPatience) {
  policy.patience = milliseconds(20);
  options.backoff_base = options.backoff_cap = seconds(1'000);
  start();
  connect(1);
  scheduler->retry(add_job(1), cheap, Outcome::refused);
  run_for(milliseconds(19));
  EXPECT_THAT(assigned, IsEmpty());
  run_for(milliseconds(1));
  EXPECT_EQ(assigned.size(), 1u);
}

TEST_F(SchedulerTest, WithoutARetryBudgetARefusedPaymentWaits) {
  options.budget_max = 0;
  budget = RetryBudget(options, world.now());
  start();
  connect(1);
  scheduler->retry(add_job(1), cheap, Outcome::refused);
  run_for(seconds(60));
  EXPECT_THAT(assigned, IsEmpty());
}

TEST_F(SchedulerTest, AnOutageOfAllEndsTheRound) {
  start();
  connect(1);
  Job& job = add_job(1);
  scheduler->retry(job, cheap, Outcome::refused);
  open_breaker(cheap_upstream());
  open_breaker(dear_upstream());
  run_for(milliseconds(400));
  cheap_upstream().rested(world.now());
  dear_upstream().rested(world.now());
  outage.update();
  scheduler->schedule_soon();
  run_for(milliseconds(1));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), cheap)));
}

TEST_F(SchedulerTest, APaymentThatIsOurFaultEverywhereIsUnroutable) {
  start();
  connect(1);
  Job& job = add_job(1);
  scheduler->retry(job, cheap, Outcome::our_fault);
  run_for(milliseconds(0));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), dear)));
  give_back_all();
  EXPECT_THAT(unroutable, IsEmpty());
  scheduler->retry(job, dear, Outcome::our_fault);
  EXPECT_THAT(unroutable, ElementsAre(test_id(1)));
  run_for(seconds(60));
  EXPECT_EQ(assigned.size(), 1u);
}

// -- exchanges ------------------------------------------------------------------------------------

TEST_F(SchedulerTest, AnExchangeGetsTheNextConnectionBeforeThePayments) {
  start();
  enqueue(1);
  scheduler->request(add_job(2), cheap, Exchange::repeat);
  connect(1);
  EXPECT_THAT(connected, ElementsAre(Pair(test_id(2), Exchange::repeat)));
  EXPECT_THAT(served, ElementsAre(test_id(2), test_id(1)));
}

TEST_F(SchedulerTest, AnExchangePassesTheOpenBreaker) {
  start();
  open_breaker(cheap_upstream());
  scheduler->request(add_job(1), cheap, Exchange::get);
  run_for(milliseconds(1));
  EXPECT_THAT(connected, ElementsAre(Pair(test_id(1), Exchange::get)));
}

TEST_F(SchedulerTest, AnExchangeMayTakeASlotThatFirstAttemptsDoNotGet) {
  start();
  connect(65);
  for (std::uint32_t number = 1; number <= 65; ++number) enqueue(number);
  run_for(milliseconds(1));
  ASSERT_EQ(assigned.size(), 64u) << "the adaptive limit starts there";
  scheduler->request(add_job(66), cheap, Exchange::get);
  run_for(milliseconds(1));
  EXPECT_EQ(connected.size(), 1u);
}

TEST_F(FullProcessors, AnExchangeWaitsForASlot) {
  start();
  enqueue(1);
  run_for(milliseconds(1));
  scheduler->request(add_job(2), cheap, Exchange::get);
  run_for(milliseconds(100));
  EXPECT_THAT(connected, IsEmpty());
  give_back_all();
  run_for(milliseconds(1));
  EXPECT_THAT(connected, ElementsAre(Pair(test_id(2), Exchange::get)));
}

TEST_F(SchedulerTest, TheExchangeOfAPaymentThatHasEndedIsForgotten) {
  start();
  Job& job = add_job(1);
  scheduler->request(job, cheap, Exchange::get);
  jobs.remove(job);
  scheduler->request(add_job(2), cheap, Exchange::first_look);
  run_for(milliseconds(1));
  EXPECT_THAT(connected, ElementsAre(Pair(test_id(2), Exchange::first_look)));
}

TEST_F(SchedulerTest, WhenNoConnectionCanBeMadeTheExchangeFailsAndIsRequestedNoMore) {
  cheap_processor.set_up(false);
  start();
  scheduler->request(add_job(1), cheap, Exchange::get);
  run_for(milliseconds(1));
  EXPECT_THAT(failed, ElementsAre(Pair(test_id(1), Exchange::get)));
  cheap_processor.set_up(true);
  connect(1);
  run_for(seconds(1));
  EXPECT_THAT(connected, IsEmpty());
}

// -- time -----------------------------------------------------------------------------------------

TEST_F(SchedulerTest, AProcessorThatWasAwayGetsItsPaymentsWhenItIsBack) {
  cheap_processor.set_up(false);
  dear_processor.set_up(false);
  start();
  enqueue(1);
  run_for(seconds(10));
  EXPECT_THAT(assigned, IsEmpty());
  cheap_processor.set_up(true);
  run_for(seconds(1));
  EXPECT_THAT(assigned, ElementsAre(Pair(test_id(1), cheap)));
}

TEST_F(SchedulerTest, WithNothingToWaitForNoTimerIsLeft) {
  start();
  enqueue(1);
  EXPECT_TRUE(world.run_until_idle(seconds(1)));
}

}  // namespace
}  // namespace payswitch::dispatch
