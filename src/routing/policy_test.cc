#include "routing/policy.h"

#include <gtest/gtest.h>

#include <array>

namespace payswitch::routing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using enum Standing;
using Kind = Choice::Kind;

const platform::Instant start(seconds(100));

Choice choose_two(Standing cheap, Standing dear, platform::Duration age,
                  platform::Duration patience) {
  const std::array both{cheap, dear};
  return choose(both, start, start + age, {.patience = patience, .full_wait = milliseconds(250)});
}

TEST(Policy, TheCheapestThatIsReadyGetsThePayment) {
  const auto choice = choose_two(ready, ready, seconds(0), seconds(0));
  EXPECT_EQ(choice.kind, Kind::send);
  EXPECT_EQ(choice.index, 0u);
}

TEST(Policy, WithoutPatienceItFallsBackAtOnceWhenTheCheapOneIsBroken) {
  const auto choice = choose_two(broken, ready, seconds(0), seconds(0));
  EXPECT_EQ(choice.kind, Kind::send);
  EXPECT_EQ(choice.index, 1u);
}

TEST(Policy, WithPatienceItHoldsUntilPatienceIsOverAndNotLonger) {
  const auto before = choose_two(broken, ready, seconds(10) - milliseconds(1), seconds(10));
  EXPECT_EQ(before.kind, Kind::hold);
  EXPECT_EQ(before.until, start + seconds(10));
  EXPECT_EQ(choose_two(broken, ready, seconds(10), seconds(10)).kind, Kind::send);
}

TEST(Policy, ABurstDoesNotSpillToTheDearOneWhileTheCheapOneIsOnlyFull) {
  EXPECT_EQ(choose_two(full, ready, milliseconds(249), seconds(0)).kind, Kind::hold);
  EXPECT_EQ(choose_two(full, ready, milliseconds(250), seconds(0)).kind, Kind::send);
}

TEST(Policy, OneThatRefusedThePaymentIsTriedAgainWhilePatienceLasts) {
  const auto before = choose_two(tried, ready, seconds(10) - milliseconds(1), seconds(10));
  EXPECT_EQ(before.kind, Kind::send);
  EXPECT_EQ(before.index, 0u);
  const auto after = choose_two(tried, ready, seconds(10), seconds(10));
  EXPECT_EQ(after.kind, Kind::send);
  EXPECT_EQ(after.index, 1u);
}

TEST(Policy, OneThatRefusedThePaymentIsBetterThanNobody) {
  for (Standing dear : {broken, full, excluded}) {
    const auto choice = choose_two(tried, dear, seconds(1), seconds(0));
    EXPECT_EQ(choice.kind, Kind::send);
    EXPECT_EQ(choice.index, 0u);
  }
  EXPECT_EQ(choose_two(tried, tried, seconds(1), seconds(0)).index, 0u);
}

TEST(Policy, AfterAnOutageOfAllACheaperOneIsAskedBeforeTheDearOneGetsTheBacklog) {
  const std::array both{unasked, ready};
  const PolicyOptions options{.comeback_wait = seconds(1)};
  const auto back = start + seconds(20);
  const auto before = choose(both, start, back + milliseconds(999), options, back);
  EXPECT_EQ(before.kind, Kind::hold);
  EXPECT_EQ(before.until, back + seconds(1));
  const auto after = choose(both, start, back + seconds(1), options, back);
  EXPECT_EQ(after.kind, Kind::send);
  EXPECT_EQ(after.index, 1u);
}

TEST(Policy, AfterAnOutageOfAllTheTimeForAFullOneRunsFromItsEnd) {
  const std::array both{full, ready};
  const PolicyOptions options{.full_wait = milliseconds(250)};
  const auto back = start + seconds(20);
  EXPECT_EQ(choose(both, start, back + milliseconds(249), options, back).kind, Kind::hold);
  EXPECT_EQ(choose(both, start, back + milliseconds(250), options, back).kind, Kind::send);
}

TEST(Policy, NobodyReadyMeansWaiting) {
  EXPECT_EQ(choose_two(broken, full, seconds(99), seconds(0)).kind, Kind::wait);
  EXPECT_EQ(choose({}, start, start, {}).kind, Kind::wait);
}

TEST(Policy, AnExcludedProcessorIsNotWaitedFor) {
  const auto choice = choose_two(excluded, ready, seconds(0), seconds(60));
  EXPECT_EQ(choice.kind, Kind::send);
  EXPECT_EQ(choice.index, 1u);
}

}  // namespace
}  // namespace payswitch::routing
