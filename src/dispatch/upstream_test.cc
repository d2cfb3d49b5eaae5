#include "dispatch/upstream.h"

#include <gtest/gtest.h>

#include "testing/world/log.h"
#include "testing/world/processor.h"
#include "testing/world/world.h"

namespace payswitch::dispatch {
namespace {

using payment::Outcome;
using processor::PostEvent;
using routing::BreakerState;
using routing::Standing;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct UpstreamTest : testing::Test {
  lab::World world;
  lab::CollectedLog log;
  lab::VirtualProcessor processor{world};
  lab::VirtualClient client{world, world, processor};
  Upstream upstream{
      {.name = "default", .host = "virtual", .base_path = "", .url = "http://virtual"},
      0,
      {},
      *processor::find_dialect("rinha"),
      client,
      world,
      world,
      log};

  UpstreamTest() {
    client.listen({.idle = [this] { upstream.connected(); },
                   .connect_failed =
                       [this](http::ConnectFailure failure) {
                         upstream.connect_failed(failure, world.now());
                       }});
  }

  void connect(std::size_t count) {
    upstream.want_connections(count, world.now());
    world.run_for(milliseconds(1));
  }
  void answer(Outcome outcome, bool was_late = false) {
    upstream.learn({.kind = PostEvent::Kind::answered,
                    .outcome = outcome,
                    .was_late = was_late,
                    .took = milliseconds(1)},
                   upstream.breaker().free_pass(), world.now());
  }
  void late() {
    upstream.learn({.kind = PostEvent::Kind::late, .outcome = Outcome::unknown, .was_late = true},
                   upstream.breaker().free_pass(), world.now());
  }
  BreakerState after(int count, Outcome outcome) {
    for (int i = 0; i < count; ++i) answer(outcome);
    return upstream.breaker().state();
  }
};

TEST_F(UpstreamTest, RefusalsAndUnknownsCountAgainstTheProcessor) {
  EXPECT_EQ(after(4, Outcome::refused), BreakerState::closed);
  EXPECT_EQ(after(1, Outcome::unknown), BreakerState::open);
}

TEST_F(UpstreamTest, WhatIsOurOwnDoingNeverCountsAgainstTheProcessor) {
  EXPECT_EQ(after(100, Outcome::our_fault), BreakerState::closed);
  EXPECT_EQ(after(100, Outcome::not_sent), BreakerState::closed);
  for (int i = 0; i < 100; ++i) upstream.connect_failed(http::ConnectFailure::ours, world.now());
  EXPECT_EQ(upstream.breaker().state(), BreakerState::closed);
}

TEST_F(UpstreamTest, AThrottledAnswerNarrowsTheLimitAndOpensNothing) {
  const auto before = upstream.limit();
  EXPECT_EQ(after(100, Outcome::throttled), BreakerState::closed);
  EXPECT_LT(upstream.limit(), before);
}

TEST_F(UpstreamTest, AWrongUrlOrKeyOpensTheBreakerAtOnceAndIsSaid) {
  EXPECT_EQ(after(1, Outcome::misconfigured), BreakerState::open);
  EXPECT_EQ(log.count(platform::Level::error, "check its URL and key"), 1u);
}

TEST_F(UpstreamTest, AWrongKeyTwiceASecondIsFoldedAndNamesAPayment) {
  const auto id = *payment::CorrelationId::parse("4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3");
  for (int i = 0; i < 2 * 3600; ++i) {
    upstream.learn({.kind = PostEvent::Kind::answered,
                    .outcome = Outcome::misconfigured,
                    .was_late = false,
                    .took = milliseconds(1)},
                   upstream.breaker().free_pass(), world.now(), &id);
    world.run_for(milliseconds(500));
  }
  EXPECT_EQ(log.count(platform::Level::error, "check its URL and key"), 3u);
  EXPECT_EQ(log.count(platform::Level::error, id.to_string()), 3u);
  EXPECT_EQ(log.count(platform::Level::error, "119 times more"), 1u);
}

TEST_F(UpstreamTest, ABreakerThatKeepsChangingIsFoldedAndSaidWhereItRests) {
  for (int i = 0; i < 100; ++i) {
    answer(Outcome::misconfigured);
    upstream.rested(world.now());
    upstream.log_settled_breaker(world.now());
    world.run_for(milliseconds(50));
  }
  const auto said = log.count(platform::Level::warn, "breaker open") +
                    log.count(platform::Level::info, "breaker half-open");
  EXPECT_EQ(said, 20u);
  world.run_for(seconds(10));
  upstream.log_settled_breaker(world.now());
  EXPECT_EQ(log.count(platform::Level::info, "breaker half-open, after 179 changes"), 1u);
  upstream.log_settled_breaker(world.now());
  EXPECT_EQ(log.count(platform::Level::info, "changes that were not said"), 1u);
}

TEST_F(UpstreamTest, AnAnswerThatWasLateIsCountedOnceWhenItBecameLate) {
  for (int i = 0; i < 4; ++i) {
    late();
    answer(Outcome::refused, true);
  }
  EXPECT_EQ(upstream.breaker().state(), BreakerState::closed);
  late();
  EXPECT_EQ(upstream.breaker().state(), BreakerState::open);
}

TEST_F(UpstreamTest, AFailingReportOpensTheBreakerUnlessLiveTrafficSaysOtherwise) {
  answer(Outcome::taken);
  upstream.learn(processor::HealthReport{.failing = true}, world.now());
  EXPECT_EQ(upstream.breaker().state(), BreakerState::closed);
  world.run_for(seconds(2));
  upstream.learn(processor::HealthReport{.failing = true}, world.now());
  EXPECT_EQ(upstream.breaker().state(), BreakerState::open);
}

TEST_F(UpstreamTest, AReservationHoldsASlotUntilItIsCancelled) {
  connect(1);
  const auto reservation = upstream.reserve(world.now());
  ASSERT_TRUE(reservation);
  EXPECT_EQ(upstream.in_flight(), 1u);
  EXPECT_FALSE(upstream.reserve(world.now()));  // no second connection
  upstream.cancel(*reservation);
  EXPECT_EQ(upstream.in_flight(), 0u);
  EXPECT_TRUE(upstream.reserve(world.now()));
}

TEST_F(UpstreamTest, OneThatCannotBeConnectedToIsBrokenUntilAConnectionIsThere) {
  EXPECT_EQ(upstream.standing(world.now()), Standing::ready);
  processor.set_up(false);
  connect(1);
  EXPECT_EQ(upstream.standing(world.now()), Standing::broken);
  processor.set_up(true);
  world.run_for(milliseconds(100));
  upstream.seek(world.now());
  world.run_for(milliseconds(1));
  EXPECT_EQ(upstream.standing(world.now()), Standing::ready);
}

TEST_F(UpstreamTest, ItIsFullAtItsLimitAndATenthIsKeptForResolving) {
  connect(800);
  while (upstream.standing(world.now()) == Standing::ready) {
    ASSERT_TRUE(upstream.reserve(world.now()));
    answer(Outcome::taken);
  }
  EXPECT_EQ(upstream.in_flight(), 720u);
  EXPECT_TRUE(upstream.has_room_to_resolve());
  while (upstream.in_flight() < 800) ASSERT_TRUE(upstream.reserve(world.now()));
  EXPECT_FALSE(upstream.has_room_to_resolve());
}

}  // namespace
}  // namespace payswitch::dispatch
