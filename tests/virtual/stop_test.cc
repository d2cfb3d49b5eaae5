#include <gtest/gtest.h>

#include "testing/simulator/clean_stop.h"
#include "tests/virtual/town.h"

// The way out of the composition: what is in flight may end, then the store is told.
namespace payswitch::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Stopping : testing::Test {
  Town town;
  bool has_stopped = false;

  void stop() {
    town.process->stop([this] { has_stopped = true; });
  }
};

TEST_F(Stopping, LeavesTheEndMarkOfACleanStop) {
  town.world.run_for(seconds(1));
  town.pay(1);
  EXPECT_TRUE(town.drains());
  stop();
  town.world.run_for(seconds(1));
  ASSERT_TRUE(has_stopped);
  town.kill();
  EXPECT_TRUE(simulator::flip_before_the_end_mark(town.disk, town.random));
}

TEST_F(Stopping, WaitsForTheAnswerThatIsUnderWay) {
  town.world.run_for(seconds(1));
  town.cheap.usually({.delay = milliseconds(300)});
  town.pay(1);
  town.world.run_for(milliseconds(100));
  stop();
  EXPECT_FALSE(town.process->is_open());
  town.world.run_for(milliseconds(100));
  EXPECT_FALSE(has_stopped);
  town.world.run_for(seconds(1));
  EXPECT_TRUE(has_stopped);
  EXPECT_EQ(town.cheap.books().size(), 1u);
}

}  // namespace
}  // namespace payswitch::lab
