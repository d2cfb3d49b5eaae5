#include "dispatch/request_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "dispatch/store_fixture.h"
#include "testing/world/log.h"
#include "testing/world/world.h"

namespace payswitch::dispatch {
namespace {

using payment::UtcMs;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr UtcMs start = lab::World::default_wall;

constexpr UtcMs after(std::int64_t ms) {
  return {start.value + ms};
}

struct RequestTimesTest : testing::Test {
  lab::World world;
  lab::CollectedLog log;
  FakeStore store{world};
  FakePeers peers;
  std::unique_ptr<RequestTimes> times = make();

  std::unique_ptr<RequestTimes> make() {
    return std::make_unique<RequestTimes>(store, peers, world, log);
  }
  // What a declaration said; nullopt: nothing yet.
  std::optional<UtcMs> declared;
  void declare(UtcMs time) {
    times->declare_final(time,
                         [this](std::optional<UtcMs> final_until) { declared = final_until; });
  }
  void run() { world.run_for(std::chrono::milliseconds(0)); }
};

TEST_F(RequestTimesTest, AreTheWallClocksAndNeverGoBack) {
  EXPECT_EQ(times->issue(), start);
  world.set_wall(after(-500));
  EXPECT_EQ(times->issue(), start);
  world.set_wall(after(7));
  EXPECT_EQ(times->issue(), after(7));
}

TEST_F(RequestTimesTest, BeginAfterWhatTheStoreHasSeenAndDeclared) {
  store.highest = after(2'000);
  EXPECT_EQ(make()->issue(), after(2'000));
  store.known.told = after(3'000);
  EXPECT_EQ(make()->issue(), after(3'001));
}

TEST_F(RequestTimesTest, AClockThatWasSetBackRaisesOneAlarmAndCountsEach) {
  times->issue();
  world.set_wall(after(-1'000));
  times->issue();
  EXPECT_EQ(times->clock_alarms(), 0u);
  world.set_wall(after(-1'001));
  times->issue();
  times->issue();
  EXPECT_EQ(times->clock_alarms(), 2u);
  EXPECT_EQ(log.count(platform::Level::error, "was it set back?"), 1u);
  world.set_wall(after(1));
  times->issue();
  EXPECT_EQ(log.count(platform::Level::info, "has caught up"), 1u);
}

TEST_F(RequestTimesTest, Rule6_ASumIsShownWhenItIsKeptThatItIsFinal) {
  store.hold();
  declare(start);
  EXPECT_THAT(store.calls, ElementsAre("keep " + std::to_string(after(999).value)));
  run();
  EXPECT_FALSE(declared);
  store.release();
  run();
  EXPECT_EQ(declared, start);
  EXPECT_EQ(times->issue(), after(1));
}

TEST_F(RequestTimesTest, Rule6_NothingIsIssuedWithinItFromTheDeclarationOn) {
  store.hold();
  declare(after(50));
  EXPECT_EQ(times->least_next(), after(51));
  EXPECT_EQ(times->issue(), after(51));
}

TEST_F(RequestTimesTest, SumsThatComeTogetherShareOneWriteAndNoneWaitsForALaterOne) {
  store.hold();
  declare(start);
  declare(after(5));
  EXPECT_EQ(store.calls.size(), 1u);
  declare(after(1'000));
  EXPECT_EQ(store.calls.size(), 2u);
  store.release();
  run();
  EXPECT_THAT(peers.confirmed, ElementsAre(start, after(5), after(1'000)));
}

TEST_F(RequestTimesTest, ALaterIntentThatIsDurableNeedsNoWrite) {
  world.set_wall(after(10));
  times->issue();
  declare(after(9));
  EXPECT_EQ(store.calls.size(), 1u) << "it is not durable yet";
  times->made_durable(after(10'000));
  declare(after(9'999));
  EXPECT_EQ(store.calls.size(), 1u);
  EXPECT_EQ(declared, after(9'999));
}

TEST_F(RequestTimesTest, PeersThatKeepItThemselvesNeedNoWrite) {
  peers.keep_what_is_final = true;
  declare(start);
  EXPECT_THAT(store.calls, IsEmpty());
  EXPECT_THAT(peers.confirmed, ElementsAre(start));
}

TEST_F(RequestTimesTest, OursComeNoEarlierThanWhatAPeerMayIssue) {
  times->heard_of(after(300));
  EXPECT_EQ(times->issue(), after(300));
}

TEST_F(RequestTimesTest, AWriteThatEndsAfterThemIsIgnored) {
  store.hold();
  declare(start);
  times.reset();
  store.release();
  run();
  EXPECT_FALSE(declared);
}

}  // namespace
}  // namespace payswitch::dispatch
