#include <gtest/gtest.h>

#include <algorithm>

#include "testing/world/directory_copy.h"
#include "tests/virtual/town.h"

// A directory that is older than the processors' books (PROTOCOL 3.5).
namespace payswitch::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::Restored;

struct RestoredDirectory : testing::Test {
  Town town;

  RestoredDirectory() { town.world.run_for(seconds(1)); }

  // Payments `first` to `last` are accepted, and settled.
  void pay(int first, int last) {
    for (int n = first; n <= last; ++n) town.pay(n);
    ASSERT_TRUE(town.drains());
    for (int n = first; n <= last; ++n) ASSERT_EQ(town.received(n).status, 202u) << n;
  }
  void restart(const DirectoryCopy& copy, Restored said) {
    town.kill();
    restore(town.disk, copy);
    start(said);
  }
  void restart(Restored said) {
    town.kill();
    start(said);
  }
  void start(Restored said) {
    town.settings().store.restored = said;
    town.start();
    town.world.run_for(seconds(1));
  }
  // What is charged now goes to the dear one, as after an outage of the cheap one.
  void favour_the_dear_one() { town.cheap.usually(VirtualProcessor::refuse()); }
  std::uint64_t booked_before(std::size_t upstream = 0) {
    return town.process->dispatcher().upstreams()[upstream].counters().booked_before.total();
  }
  std::size_t charged_twice() {
    return static_cast<std::size_t>(std::ranges::count_if(
        town.cheap.books(),
        [&](const auto& each) { return town.dear.books().contains(each.first); }));
  }
};

TEST_F(RestoredDirectory, WhatWasChargedAfterTheCopyIsChargedOnceThoughItIsRepeated) {
  pay(1, 5);
  const auto copy = copy_of(town.disk);
  pay(6, 15);
  favour_the_dear_one();
  restart(copy, Restored::on);
  pay(6, 15);
  EXPECT_EQ(town.dear.books().size(), 0u);
  EXPECT_EQ(charged_twice(), 0u);
  town.expect_books_equal();
  EXPECT_EQ(town.log.count(platform::Level::warn, "was found at processor default"), 10u);
}

TEST_F(RestoredDirectory, WithoutTheFlagTheRepeatsAreChargedAgain) {
  pay(1, 5);
  const auto copy = copy_of(town.disk);
  pay(6, 15);
  favour_the_dear_one();
  restart(copy, Restored::unset);
  pay(6, 15);
  EXPECT_EQ(charged_twice(), 10u) << "this world cannot show the fault";
}

TEST_F(RestoredDirectory, WithoutTheFlagAProcessorThatHasItAlreadyRaisesTheAlarm) {
  pay(1, 5);
  const auto copy = copy_of(town.disk);
  pay(6, 15);
  restart(copy, Restored::unset);
  pay(6, 15);
  EXPECT_EQ(booked_before(), 10u);
  EXPECT_EQ(town.log.count(platform::Level::error, "were these books restored"), 2u);
  town.expect_books_equal();
}

TEST_F(RestoredDirectory, AnEmptyDirectoryIsOneTooAndItIsKeptUntilItIsDone) {
  pay(1, 10);
  favour_the_dear_one();
  restart(DirectoryCopy(), Restored::on);
  pay(1, 3);
  restart(Restored::unset);
  pay(4, 6);
  restart(Restored::unset);
  pay(7, 10);
  EXPECT_EQ(charged_twice(), 0u);
  town.expect_books_equal();
  restart(Restored::done);
  const int asked = town.cheap.gets();
  town.cheap.usually({});
  pay(11, 15);
  EXPECT_EQ(town.cheap.gets(), asked) << "what is new is asked for no more";
  restart(Restored::unset);
  pay(16, 20);
  EXPECT_EQ(town.cheap.gets(), asked);
  town.expect_books_equal();
}

TEST_F(RestoredDirectory, WhatIsNewWaitsUntilEveryProcessorHasAnswered) {
  town.dear.set_up(false);
  restart(DirectoryCopy(), Restored::on);
  town.pay(1);
  town.world.run_for(seconds(60));
  EXPECT_EQ(town.received(1).status, 202u);
  EXPECT_EQ(town.cheap.posts(), 0);
  EXPECT_EQ(town.process->dispatcher().asking_first(), 1u);
  town.dear.set_up(true);
  ASSERT_TRUE(town.drains());
  EXPECT_EQ(town.cheap.posts(), 1);
  EXPECT_EQ(town.process->dispatcher().asking_first(), 0u);
  town.expect_books_equal();
}

// In the copy it is unknown at the cheap one; that one refused it after the copy was taken.
TEST_F(RestoredDirectory, WhatIsOpenInTheCopyAndWasChargedElsewhereIsFoundThere) {
  town.cheap.next({.delay = seconds(2), .book = false, .answer = SentResponse{500, ""}});
  town.cheap.usually(VirtualProcessor::refuse());
  town.pay(1);
  ASSERT_TRUE(town.world.run_until([&] { return town.cheap.posts() == 1; }));
  const auto copy = copy_of(town.disk);
  ASSERT_TRUE(town.drains());
  ASSERT_EQ(town.dear.books().size(), 1u);
  town.cheap.usually({});
  restart(copy, Restored::on);
  ASSERT_TRUE(town.drains());
  EXPECT_EQ(town.cheap.books().size(), 0u);
  town.expect_books_equal();
}

TEST_F(RestoredDirectory, SoIsWhatWasRefusedInTheCopy) {
  town.settings().policy.patience = seconds(5);
  restart(Restored::unset);
  town.cheap.usually(VirtualProcessor::refuse());
  town.pay(1);
  ASSERT_TRUE(town.world.run_until([&] { return town.cheap.posts() == 1; }));
  town.world.run_for(milliseconds(30));
  const auto copy = copy_of(town.disk);
  ASSERT_TRUE(town.drains());
  ASSERT_EQ(town.dear.books().size(), 1u);
  town.cheap.usually({});
  restart(copy, Restored::on);
  ASSERT_TRUE(town.drains());
  EXPECT_EQ(town.cheap.books().size(), 0u);
  town.expect_books_equal();
}

// Until then a restart would send it anywhere: the mode must not be ended before.
TEST_F(RestoredDirectory, WhatWasFoundCountsAsAskedForUntilThatIsDurable) {
  pay(1, 1);
  restart(DirectoryCopy(), Restored::on);
  town.pay(1);
  ASSERT_TRUE(town.world.run_until([&] { return town.state_of(1) == "settled"; }));
  EXPECT_EQ(town.process->dispatcher().asking_first(), 1u);
  ASSERT_TRUE(town.drains());
  EXPECT_EQ(town.process->dispatcher().asking_first(), 0u);
}

// It is open when the mode ends, and was never asked for.
TEST_F(RestoredDirectory, TheStartThatEndsItAsksForWhatIsOpenOnceMore) {
  pay(1, 1);
  restart(DirectoryCopy(), Restored::on);
  town.cheap.set_up(false);
  town.pay(1);
  town.world.run_for(seconds(10));
  restart(Restored::done);
  town.world.run_for(seconds(10));
  EXPECT_EQ(town.dear.posts(), 0);
  town.cheap.set_up(true);
  ASSERT_TRUE(town.drains());
  EXPECT_EQ(charged_twice(), 0u);
  town.expect_books_equal();
}

TEST_F(RestoredDirectory, ATimeAheadOfEveryClockIsNotIssuedAgain) {
  const payment::UtcMs far{town.world.wall().value + 3'600'000};
  town.dear.book(Town::id_of(1),
                 {.amount = payment::Money::from_cents(1991), .requested_at = far, .times = 1});
  restart(DirectoryCopy(), Restored::on);
  pay(1, 2);
  EXPECT_LT(town.cheap.books().at(Town::id_of(2)).requested_at, far);
  town.expect_books_equal();
}

TEST_F(RestoredDirectory, NoAlarmIsRaisedWhereOurOwnRequestIsFound) {
  town.cheap.next(VirtualProcessor::take_and_cut());
  pay(1, 1);
  EXPECT_EQ(booked_before(), 0u);
}

}  // namespace
}  // namespace payswitch::lab
