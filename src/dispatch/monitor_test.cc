#include "dispatch/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dispatch/scheduling_fixture.h"

namespace payswitch::dispatch {
namespace {

using payment::Outcome;
using routing::BreakerState;
using std::chrono::milliseconds;
using std::chrono::seconds;
using store::cheap;
using store::dear;
using testing::IsEmpty;
using testing::SizeIs;

struct MonitorTest : testing::Test, Scheduled {
  FakeStore store{world};
  RequestTimes times{store, peers, world, log};
  int assigned = 0;
  std::optional<Monitor> monitor;

  MonitorTest() {
    events.assigned = [this](Job&, const Scheduler::Assignment&) { ++assigned; };
    Scheduled::start();
    monitor.emplace(platform, peers, upstreams, times, outage, *scheduler);
    monitor->listen();
  }

  // Of both processors.
  int polls() const { return cheap_processor.health_polls() + dear_processor.health_polls(); }
};

// -- polls ----------------------------------------------------------------------------------------

TEST_F(MonitorTest, EachProcessorIsPolledAtOnceAndThenOncePerInterval) {
  monitor->start_polling();
  world.run_for(milliseconds(500));
  EXPECT_EQ(polls(), 2);
  world.run_for(milliseconds(4'700));
  EXPECT_EQ(polls(), 2);
  world.run_for(milliseconds(500));
  EXPECT_EQ(polls(), 4);
}

TEST_F(MonitorTest, APollThatAPeerHasMadeIsNotMadeAgainUntilTheIntervalIsOver) {
  peers.poll_after = seconds(3);
  monitor->start_polling();
  world.run_for(milliseconds(2'900));
  EXPECT_EQ(polls(), 0);
  EXPECT_EQ(peers.claims, 2);
  EXPECT_EQ(cheap_client.counters().connections_idle, 1u) << "its connection was given back";
  peers.poll_after = seconds(0);
  world.run_for(milliseconds(700));
  EXPECT_EQ(polls(), 2);
}

TEST_F(MonitorTest, WhatAPollFindsIsSharedWithThePeers) {
  cheap_processor.say_failing(true);
  monitor->start_polling();
  world.run_for(milliseconds(500));
  ASSERT_THAT(peers.health_heard, SizeIs(2));
  EXPECT_NE(peers.health_heard[0].failing, peers.health_heard[1].failing);
}

TEST_F(MonitorTest, AProcessorThatSaysThatItFailsGetsNoPayments) {
  cheap_processor.say_failing(true);
  monitor->start_polling();
  world.run_for(milliseconds(300));
  EXPECT_EQ(cheap_upstream().breaker().state(), BreakerState::open);
  EXPECT_EQ(dear_upstream().breaker().state(), BreakerState::closed);
}

TEST_F(MonitorTest, AfterItWasStoppedNothingIsPolled) {
  monitor->start_polling();
  monitor->stop();
  world.run_for(seconds(60));
  EXPECT_EQ(polls(), 0);
}

// -- connections ----------------------------------------------------------------------------------

TEST_F(MonitorTest, AnIdleConnectionLetsAWaitingPaymentGo) {
  scheduler->enqueue(add_job(1));
  world.run_for(milliseconds(1));
  EXPECT_EQ(assigned, 1);
}

TEST_F(MonitorTest, WhenNoProcessorCanBeReachedAnOutageBegins) {
  cheap_processor.set_up(false);
  dear_processor.set_up(false);
  monitor->start_polling();
  world.run_for(seconds(4));
  EXPECT_EQ(outage.count(), 1u);
  EXPECT_EQ(cheap_upstream().breaker().state(), BreakerState::open);
}

// -- peers ----------------------------------------------------------------------------------------

TEST_F(MonitorTest, APollOfAPeerCountsAsOurOwn) {
  peers.events.health(cheap, {.failing = true, .age = milliseconds(10)});
  EXPECT_EQ(cheap_upstream().breaker().state(), BreakerState::open);
  EXPECT_EQ(cheap_upstream().health().report()->at, world.now() - milliseconds(10));
  EXPECT_EQ(dear_upstream().breaker().state(), BreakerState::closed);
}

TEST_F(MonitorTest, TheOpenBreakerOfAPeerOpensOursAndBothMakeAnOutage) {
  peers.events.opened(cheap);
  EXPECT_EQ(cheap_upstream().breaker().state(), BreakerState::open);
  EXPECT_FALSE(outage.is_resting());
  peers.events.opened(dear);
  EXPECT_TRUE(outage.is_resting());
}

TEST_F(MonitorTest, WhereOurPaymentsAreTakenAPeersBreakerIsNotBelieved) {
  cheap_upstream().learn({.kind = processor::PostEvent::Kind::answered, .outcome = Outcome::taken},
                         cheap_upstream().breaker().free_pass(), world.now());
  peers.events.opened(cheap);
  EXPECT_EQ(cheap_upstream().breaker().state(), BreakerState::closed);
}

TEST_F(MonitorTest, AProcessorThatOnlyPeersHaveIsIgnored) {
  peers.events.health(9, {.failing = true});
  peers.events.opened(9);
  EXPECT_EQ(cheap_upstream().breaker().state(), BreakerState::closed);
}

TEST_F(MonitorTest, OurReportSaysWhatWeMayIssueWhatIsOpenAndWhatWorks) {
  times.heard_of({12'345});
  open_breaker(dear_upstream());
  cheap_upstream().learn({.kind = processor::PostEvent::Kind::answered, .outcome = Outcome::taken},
                         cheap_upstream().breaker().free_pass(), world.now());
  const store::Peers::Report report = peers.events.report();
  EXPECT_EQ(report.next, payment::UtcMs{12'345});
  EXPECT_EQ(report.open_mask, 1u << dear);
  EXPECT_EQ(report.working_mask, 1u << cheap);
}

TEST_F(MonitorTest, TheSlotsOfAProcessorAreSharedByTheInstancesThatLive) {
  EXPECT_EQ(cheap_upstream().limit(), 64u);
  peers.events.living(100);
  EXPECT_EQ(cheap_upstream().limit(), 8u);
}

TEST_F(MonitorTest, ABeatOfThePeersMovesOurTimesAndLetsPaymentsGo) {
  peers.has_lease = false;
  scheduler->enqueue(add_job(1));
  world.run_for(seconds(1));
  EXPECT_EQ(assigned, 0);
  peers.has_lease = true;
  peers.events.issued(store::at(99'000));
  EXPECT_EQ(times.issue(), store::at(99'000));
  world.run_for(milliseconds(1));
  EXPECT_EQ(assigned, 1);
}

}  // namespace
}  // namespace payswitch::dispatch
