#include "app/composition/drain.h"

#include "api/api_fixture.h"

namespace payswitch::app {
namespace {

using namespace std::chrono_literals;
using platform::Level;

// Says that it is not idle, or never says that it has ended, when the test wants it so.
struct SlowStore final : api::FakeStore {
  using FakeStore::FakeStore;
  bool has_work = false;
  bool ends = true;

  bool idle() const override { return !has_work; }
  void end(Done done) override {
    ++asked_to_end;
    if (ends) FakeStore::end(std::move(done));
  }
  int asked_to_end = 0;
};

struct DrainTest : testing::Test {
  lab::World world;
  lab::SeededRandom random{1};
  lab::CollectedLog log;
  store::SingleInstance alone;
  SlowStore store{world};
  dispatch::Dispatcher dispatcher{{},
                                  {},
                                  {store, alone, {world, world, world, random, log}},
                                  {},
                                  [](const payment::CorrelationId&) {}};
  bool is_closed = false;
  bool is_deserted = true;
  int ended = 0;
  Drain drain{
      {.close = [this] { is_closed = true; }, .is_deserted = [this] { return is_deserted; }},
      dispatcher,
      store,
      world,
      world,
      log};

  void start() {
    drain.start([this] { ++ended; });
    world.run_for({});
  }
};

TEST_F(DrainTest, NothingNewIsTakenFromItsStart) {
  is_deserted = false;
  start();
  EXPECT_TRUE(is_closed);
  EXPECT_TRUE(dispatcher.is_stopping());
  EXPECT_EQ(ended, 0);
}

TEST_F(DrainTest, EndsAtOnceWhenNothingIsUnderWay) {
  start();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(store.asked_to_end, 1);
  EXPECT_EQ(log.count(Level::info, "every attempt has ended"), 1u);
  world.run_for(1min);
  EXPECT_EQ(ended, 1);
}

TEST_F(DrainTest, WaitsForTheLastClient) {
  is_deserted = false;
  start();
  world.run_for(1s);
  EXPECT_EQ(store.asked_to_end, 0);
  is_deserted = true;
  world.run_for(10ms);
  EXPECT_EQ(ended, 1);
}

TEST_F(DrainTest, WaitsForTheStore) {
  store.has_work = true;
  start();
  world.run_for(1s);
  EXPECT_EQ(ended, 0);
  store.has_work = false;
  world.run_for(10ms);
  EXPECT_EQ(ended, 1);
}

TEST_F(DrainTest, WaitsNoLongerThanItsPatience) {
  is_deserted = false;
  start();
  world.run_for(8s - 1ms);
  EXPECT_EQ(ended, 0);
  world.run_for(10ms);
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(log.count(Level::info, "taken up at the next start"), 1u);
}

TEST_F(DrainTest, AStoreThatDoesNotEndIsWaitedForOneSecond) {
  store.ends = false;
  start();
  world.run_for(1s - 1ms);
  EXPECT_EQ(ended, 0);
  world.run_for(1ms);
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(log.count(Level::warn, "could not be told that this is a clean stop"), 1u);
}

}  // namespace
}  // namespace payswitch::app
