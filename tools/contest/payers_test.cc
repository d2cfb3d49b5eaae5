#include "tools/contest/payers.h"

#include <gtest/gtest.h>

#include "testing/world/network.h"
#include "testing/world/random.h"

namespace payswitch::lab::contest {
namespace {

using namespace std::chrono_literals;

// Answers every payment after `delay`, and keeps when each came.
class Far final : public Origin {
 public:
  explicit Far(World& world) : world_(world) {}

  bool accepts_connections() const override { return true; }
  void arrive(SentRequest, Reply reply) override {
    came.push_back(world_.now());
    world_.after(delay, [reply, status = status] { reply(SentResponse{status, ""}); });
  }

  platform::Duration delay = 10ms;
  unsigned status = 202;
  std::vector<platform::Instant> came;

 private:
  World& world_;
};

class ContestPayers : public testing::Test {
 protected:
  World world;
  Far far{world};
  SeededRandom random{1};
  Schedule schedule = make_schedule(1);
  std::unique_ptr<Payers> payers;

  void start(std::size_t clients) {
    schedule.clients = clients;
    payers = std::make_unique<Payers>(
        schedule, [this] { return std::make_unique<VirtualClient>(world, world, far, 1); },
        "/payments", world, world, random);
    payers->start();
  }
};

TEST_F(ContestPayers, AClientPaysAndRestsAndPaysAgain) {
  start(2);  // the second would come when the run ends
  world.run_for(3500ms);
  ASSERT_EQ(far.came.size(), 4u);
  EXPECT_GE(far.came[1] - far.came[0], 1s + 10ms);
  EXPECT_LT(far.came[1] - far.came[0], 1s + 11ms);
  EXPECT_EQ(payers->clients(), 1u);
  EXPECT_EQ(payers->tally().taken(), 4u);
}

TEST_F(ContestPayers, LatencyCountsFromTheSendingWithoutTheConnecting) {
  start(2);
  world.run_for(500ms);
  EXPECT_EQ(payers->tally().latency().max(), 10ms + 2 * 50us);  // there and back
}

TEST_F(ContestPayers, ClientsComeOneByOneUntilTheRunEnds) {
  start(61);
  world.run_for(30s);
  EXPECT_EQ(payers->clients(), 31u);
  world.run_for(30s);
  EXPECT_EQ(payers->clients(), 60u);
  EXPECT_FALSE(payers->over());
  world.run_for(1s + 20ms);
  EXPECT_TRUE(payers->over());
  EXPECT_EQ(payers->clients(), 0u);
  EXPECT_EQ(payers->tally().count(), far.came.size());
  EXPECT_EQ(payers->payments().size(), far.came.size());
}

TEST_F(ContestPayers, AClientWithoutAnAnswerWaitsForItAndIsNotOverBefore) {
  far.delay = 6s;
  start(2);
  world.run_for(59s);
  EXPECT_EQ(far.came.size(), 9u);
  world.run_for(2s);
  EXPECT_EQ(payers->clients(), 1u);
  EXPECT_EQ(payers->tally().count(), 8u);
  world.run_for(1500ms);  // answered, and resting
  EXPECT_EQ(payers->tally().count(), 9u);
  EXPECT_FALSE(payers->over());
  world.run_for(1s);
  EXPECT_TRUE(payers->over());
}

TEST_F(ContestPayers, KeepsWhatEachClientWasToldAndInWhichStageItPaid) {
  far.status = 503;
  start(2);
  world.run_for(9500ms);
  far.status = 202;
  world.run_for(10s);
  far.delay = 1h;
  world.run_for(20s);
  const auto& stages = payers->by_stage();
  EXPECT_EQ(stages[0].failures_text(), "503 x 10");
  EXPECT_EQ(stages[1].taken(), 10u);
  EXPECT_EQ(stages[2].failures_text(), "time-out x 1");
  int told[3]{};
  for (const auto& [id, each] : payers->payments()) ++told[static_cast<int>(each)];
  EXPECT_EQ(told[static_cast<int>(Told::refused)], 10);
  EXPECT_EQ(told[static_cast<int>(Told::taken)], 10);
  EXPECT_EQ(told[static_cast<int>(Told::nothing)], 1);
}

}  // namespace
}  // namespace payswitch::lab::contest
