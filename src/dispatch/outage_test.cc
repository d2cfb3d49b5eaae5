#include "dispatch/outage.h"

#include <gtest/gtest.h>

#include "dispatch/processors_fixture.h"

namespace payswitch::dispatch {
namespace {

using routing::BreakerState;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct OutageTest : testing::Test, Shared {
  void open_both() {
    open_breaker(cheap_upstream());
    open_breaker(dear_upstream());
  }
  void succeed(Upstream& upstream) {
    upstream.learn(
        {.kind = processor::PostEvent::Kind::answered, .outcome = payment::Outcome::taken},
        upstream.breaker().free_pass(), world.now());
    outage.update();
  }
};

TEST_F(OutageTest, OneOpenBreakerIsNone) {
  open_breaker(cheap_upstream());
  EXPECT_FALSE(outage.is_resting());
  EXPECT_EQ(outage.count(), 0u);
}

TEST_F(OutageTest, BeginsWhenTheLastBreakerOpensAndIsLoggedOnce) {
  open_both();
  outage.update();
  EXPECT_TRUE(outage.is_resting());
  EXPECT_EQ(outage.count(), 1u);
  EXPECT_EQ(log.count(platform::Level::warn, "every breaker is open"), 1u);
}

TEST_F(OutageTest, AfterTheRestAllBreakersHalfOpenTogether) {
  open_both();
  world.run_for(seconds(5) - milliseconds(1));
  EXPECT_EQ(cheap_upstream().breaker().state(), BreakerState::open);
  EXPECT_EQ(rests_ended, 0);
  world.run_for(milliseconds(1));
  EXPECT_EQ(cheap_upstream().breaker().state(), BreakerState::half_open);
  EXPECT_EQ(dear_upstream().breaker().state(), BreakerState::half_open);
  EXPECT_FALSE(outage.is_resting());
  EXPECT_EQ(rests_ended, 1);
}

TEST_F(OutageTest, EndsWithTheFirstSuccessOfAProbe) {
  open_both();
  world.run_for(seconds(2));
  succeed(dear_upstream());
  EXPECT_FALSE(outage.is_resting());
  EXPECT_EQ(outage.last_ended_at(), world.now());
  world.run_for(seconds(10));
  EXPECT_EQ(rests_ended, 0);
  EXPECT_EQ(cheap_upstream().breaker().state(), BreakerState::open);
}

TEST_F(OutageTest, TheNextOneRestsAgain) {
  open_both();
  succeed(cheap_upstream());
  open_breaker(cheap_upstream());
  EXPECT_TRUE(outage.is_resting());
  EXPECT_EQ(outage.count(), 2u);
}

}  // namespace
}  // namespace payswitch::dispatch
