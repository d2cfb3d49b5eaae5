#include "tools/load/tally.h"

#include <gtest/gtest.h>

namespace payswitch::lab::load {
namespace {

using namespace std::chrono_literals;

Outcome failed(Trouble trouble) {
  return std::unexpected(trouble);
}

TEST(Tally, OnlyATwoHundredIsTaken) {
  EXPECT_FALSE(is_taken(199u));
  EXPECT_TRUE(is_taken(200u));
  EXPECT_TRUE(is_taken(299u));
  EXPECT_FALSE(is_taken(300u));
  EXPECT_FALSE(is_taken(failed(Trouble::cut)));
}

TEST(Tally, CountsFailuresByKindAndNamesOnlyThoseThatHappened) {
  Tally tally;
  EXPECT_EQ(tally.failures_text(), "none");
  tally.add(202u, 1ms);
  tally.add(503u, 1ms);
  tally.add(503u, 1ms);
  tally.add(422u, 1ms);
  tally.add(failed(Trouble::timed_out), 1s);
  EXPECT_EQ(tally.taken(), 1u);
  EXPECT_EQ(tally.failed(), 4u);
  EXPECT_EQ(tally.count(), 5u);
  EXPECT_EQ(tally.failures_text(), "422 x 1, 503 x 2, time-out x 1");
}

TEST(Tally, JsonNamesEveryKindAndTheStatusesThatCame) {
  Tally tally;
  EXPECT_EQ(tally.failures_json(), R"({"connect":0,"cut":0,"garbled":0,"time-out":0,"status":{}})");
  for (const Trouble trouble : {Trouble::connect, Trouble::cut, Trouble::cut, Trouble::garbled}) {
    tally.add(failed(trouble), 1ms);
  }
  tally.add(503u, 1ms);
  tally.add(404u, 1ms);
  EXPECT_EQ(tally.failures_json(),
            R"({"connect":1,"cut":2,"garbled":1,"time-out":0,"status":{"404":1,"503":1}})");
}

TEST(Tally, AFailureThatComesFastDoesNotMakeTheRestLookBetter) {
  Tally tally;
  tally.add(202u, 10ms);
  for (int i = 0; i < 99; ++i) tally.add(503u, 1us);
  EXPECT_GE(tally.latency().quantile(0.01), 10ms);
}

TEST(Tally, LatenciesAreShownInMillisecondsFromTheMedianToTheLongest) {
  metrics::FineHistogram latency;
  EXPECT_EQ(latency_text(latency), "p50 0.000  p90 0.000  p99 0.000  p99.9 0.000  max 0.000 ms");
  for (int i = 0; i < 10; ++i) latency.record(1'500us);
  EXPECT_EQ(latency_text(latency), "p50 1.500  p90 1.500  p99 1.500  p99.9 1.500  max 1.500 ms");
  EXPECT_EQ(latency_json(latency),
            R"({"p50":1.500,"p90":1.500,"p99":1.500,"p99.9":1.500,"max":1.500})");
}

}  // namespace
}  // namespace payswitch::lab::load
