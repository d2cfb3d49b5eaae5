#include "tools/load/open_loop.h"

#include <gtest/gtest.h>

#include <set>

#include "testing/world/network.h"
#include "testing/world/random.h"

namespace payswitch::lab::load {
namespace {

using namespace std::chrono_literals;

// Takes every payment after `delay`, and stands still while `stopped`.
class Far final : public Origin {
 public:
  explicit Far(World& world) : world_(world) {}

  bool accepts_connections() const override { return true; }
  void arrive(SentRequest request, Reply reply) override {
    bodies.insert(request.body);
    const auto answers = std::max(world_.now() + delay, stopped_until);
    world_.after(answers - world_.now(), [reply] { reply(SentResponse{202, ""}); });
  }

  platform::Duration delay = 1ms;
  platform::Instant stopped_until{};
  std::multiset<std::string> bodies;

 private:
  World& world_;
};

class LoadOpenLoop : public testing::Test {
 protected:
  World world;
  Far far{world};
  VirtualClient client{world, world, far, 2};
  SeededRandom random{1};
  Outbox outbox{client, world, world, "/payments", 30s};
  OpenLoop open_loop{outbox, world, world, random, Pace(100, 1s)};
  bool over = false;

  void SetUp() override {
    outbox.open(2);
    world.run_for(1ms);
    open_loop.start([this] { over = true; });
  }
};

TEST_F(LoadOpenLoop, SendsAllThatAreDueEachWithAnIdOfItsOwnAndThenIsOver) {
  world.run_for(990ms);
  EXPECT_EQ(open_loop.handed_in(), 100u);
  EXPECT_FALSE(over);
  world.run_for(10ms);
  EXPECT_TRUE(over);
  EXPECT_EQ(open_loop.tally().taken(), 100u);
  EXPECT_EQ(std::set(far.bodies.begin(), far.bodies.end()).size(), 100u);
  EXPECT_LT(open_loop.tally().latency().max(), 2ms);
  EXPECT_EQ(open_loop.lateness().max(), 0ns);
}

TEST_F(LoadOpenLoop, ALateAnswerDelaysNoneOfTheNext) {
  far.stopped_until = world.now() + 500ms;
  world.run_for(400ms);
  EXPECT_EQ(open_loop.handed_in(), 41u);
  EXPECT_EQ(far.bodies.size(), 2u);
}

TEST_F(LoadOpenLoop, LatencyCountsFromWhenThePaymentWasDueAndNotFromWhenItWasSent) {
  far.stopped_until = world.now() + 500ms;
  ASSERT_TRUE(world.run_until_idle());
  ASSERT_TRUE(over);
  // Half of them were due while nothing was answered; from the sending only two would be late.
  EXPECT_GT(open_loop.tally().latency().quantile(0.9), 400ms);
  EXPECT_GT(open_loop.tally().latency().quantile(0.6), 50ms);
}

TEST_F(LoadOpenLoop, RecentIsWhatEndedSinceTheLastCall) {
  world.run_for(500ms);
  const auto first = open_loop.take_recent().count();
  EXPECT_GE(first, 50u);
  world.run_for(1s);
  EXPECT_EQ(first + open_loop.take_recent().count(), 100u);
  EXPECT_EQ(open_loop.take_recent().count(), 0u);
}

}  // namespace
}  // namespace payswitch::lab::load
