#include "routing/health.h"

#include <gtest/gtest.h>

namespace payswitch::routing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const platform::Instant start(seconds(100));

TEST(Health, IsPolledAtOnceAndThenOncePerInterval) {
  HealthOptions options;
  Health health(options);
  EXPECT_TRUE(health.poll_due(start));
  health.polled(start);
  EXPECT_FALSE(health.poll_due(start + options.poll_every - milliseconds(1)));
  EXPECT_TRUE(health.poll_due(start + options.poll_every));
}

TEST(Health, AFailingReportOpensTheBreakerWhenNothingSpeaksAgainstIt) {
  Health health({});
  EXPECT_FALSE(health.reported({.failing = false, .at = start}));
  EXPECT_TRUE(health.reported({.failing = true, .at = start}));
}

TEST(Health, LiveTrafficIsBelievedFirst) {
  HealthOptions options;
  Health health(options);
  health.taken(start);
  EXPECT_FALSE(
      health.reported({.failing = true, .at = start + options.live_evidence - milliseconds(1)}));
  EXPECT_TRUE(health.reported({.failing = true, .at = start + options.live_evidence}));
}

}  // namespace
}  // namespace payswitch::routing
