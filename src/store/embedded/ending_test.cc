#include <gmock/gmock.h>

#include <array>
#include <optional>

#include "store/embedded/lives_fixture.h"
#include "store/journal/batch.h"
#include "store/journal/segment.h"
#include "store/journal/segment_pool.h"

// How a life ends, and what the next one makes of it.
namespace payswitch::store::embedded {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class EndingTest : public LivesTest {
 protected:
  // The offsets of the groups of a segment.
  std::vector<std::uint64_t> groups(std::uint64_t segment = 1) {
    const auto file = lives_.disk.content(segment_name(segment));
    std::vector<std::uint64_t> offsets;
    std::uint64_t offset = segment_header_bytes;
    while (const auto group = group_at(file, offset)) {
      offsets.push_back(offset);
      offset = group->end();
    }
    return offsets;
  }
};

TEST_F(EndingTest, Protocol42AfterACleanStopDamageInTheLastGroupStopsTheStart) {
  start();
  accept(1, 3);
  lives_.stop();
  const auto offsets = groups();
  const auto last = offsets.at(offsets.size() - 2);  // behind it comes the end mark
  flip(1, last + 60);
  EXPECT_THAT(refusal(),
              HasSubstr("journal-0000000001 is damaged at offset " + std::to_string(last)));
  flip(1, last + 60);
  start();
  EXPECT_EQ(payments(), 3u);
  EXPECT_EQ(lives_.log.count(platform::Level::info, "up to the end mark of a clean stop"), 1u);
}

TEST_F(EndingTest, AfterAKillTheLineOfATornTailSaysThatItsSyncMayHaveCompleted) {
  start();
  accept(1, 3);
  lives_.kill();
  flip(1, groups().back() + 60);
  start();
  EXPECT_EQ(payments(), 2u);
  EXPECT_EQ(lives_.log.count(platform::Level::warn, "if its sync had completed before that"), 1u);
}

TEST_F(EndingTest, ACleanStopIsOverWhenAllThatWasAskedForIsDurable) {
  start();
  lives_.store().accept(acceptance(1, 100, intent(1, at(1))), [](Verdict) {});
  lives_.world.run_for(10ms);
  bool settled = false;
  bool ended = false;
  lives_.store().settle(test_id(1), settlement(intent(1, at(1)), 100), [&] { settled = true; });
  lives_.store().end([&] {
    EXPECT_TRUE(settled);
    ended = true;
  });
  lives_.world.run_for(1s);
  EXPECT_TRUE(ended);
  lives_.power_cut();
  start();
  EXPECT_EQ(lives_.store().counters().by_state[3], 1u);
  EXPECT_EQ(groups().size(), 4u);  // the names, the acceptance, the settlement, the end mark
}

TEST_F(EndingTest, AnEmptyDirectoryMayBeStartedAndStoppedHoweverOftenAndReadsTwoSegments) {
  lives_.options.segment_bytes = 32768;
  for (int life = 0; life < 40; ++life) {
    const auto reads = lives_.disk.counts().reads;
    start();
    if (life > 0) EXPECT_LE(lives_.disk.counts().reads - reads, 3u) << "life " << life;
    lives_.world.run_until_idle();
    EXPECT_LE(lives_.store().counters().prepared_segments, 1u + reserve_segments);
    lives_.stop();
  }
  start();
  accept(1);
  lives_.power_cut();
  start();
  EXPECT_EQ(payments(), 1u);
}

TEST_F(EndingTest, AStartReadsOneSegmentThatWasNotUsedAndOfTheOthersTheBeginning) {
  start();
  accept(1, 3);
  lives_.world.run_until_idle();
  ASSERT_EQ(lives_.store().counters().prepared_segments, reserve_segments + 1);
  lives_.kill();
  const auto reads = lives_.disk.counts().reads;
  start();
  EXPECT_EQ(lives_.disk.counts().reads - reads, 2u);
}

// What is there is damage to a segment that was used, and the one before it is torn: two faults.
TEST_F(EndingTest, Protocol42AGroupAtTheBeginningOfASegmentIsFoundBehindOneThatLostAll) {
  start();
  accept(1, 16);  // seven groups a segment
  lives_.kill();
  const std::vector<std::byte> zeros(8192 - segment_header_bytes);
  lives_.disk.overwrite(segment_name(2), segment_header_bytes, zeros);
  EXPECT_THAT(refusal(), HasSubstr("is damaged at offset"));
}

// -- durability os ------------------------------------------------------------------------

class OsEndingTest : public EndingTest {
 protected:
  OsEndingTest() { lives_.options.durability = platform::Durability::os; }

  void zero_group(std::uint64_t segment, std::size_t index) {
    const std::vector<std::byte> zeros(block_bytes);
    lives_.disk.overwrite(segment_name(segment), groups(segment).at(index), zeros);
  }
};

TEST_F(OsEndingTest, Protocol46AGapThatAPowerCutLeftIsTheEndAndSaidLoudly) {
  start();
  accept(1, 5);
  lives_.kill();
  zero_group(1, 3);  // of the third payment
  start();
  EXPECT_EQ(payments(), 2u);
  EXPECT_EQ(lives_.log.count(platform::Level::error, "2 intact groups (2 records) behind the gap"),
            1u);
  EXPECT_EQ(lives_.store().counters().dropped_groups, 2u);
  accept(10);
  lives_.kill();
  start();
  EXPECT_EQ(payments(), 3u);
}

// Any blocks of what was not synced may be on the disk, and any may not.
TEST_F(OsEndingTest, Protocol46AfterAPowerCutItAlwaysStarts) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Lives lives(seed, platform::Durability::os);
    ASSERT_TRUE(lives.start());
    std::uint32_t number = 0;
    for (int life = 0; life < 4; ++life) {
      for (int i = 0; i < 9; ++i) {
        lives.store().accept(acceptance(++number), [](Verdict) {});
        lives.world.run_for(1ms);
      }
      lives.power_cut();
      const auto started = lives.start();
      ASSERT_TRUE(started) << "seed " << seed << ": " << started.error();
    }
  }
}

// What was synced once must not become a gap because the durability is another one now.
TEST_F(OsEndingTest, Protocol46WhatAnEarlierLifeHadSyncedIsDamagedAndNoGap) {
  lives_.options.durability = platform::Durability::fsync;
  start();
  accept(1, 3);
  lives_.kill();
  lives_.options.durability = platform::Durability::os;
  start();
  accept(4, 2);
  lives_.kill();
  zero_group(1, 1);
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000001 is damaged at offset"));
}

// A segment that was prepared with os, and is written with fsync.
TEST_F(OsEndingTest,
       Protocol46HeadersSayHowTheirSegmentIsWrittenAlsoWhenItWasPreparedByAnotherLife) {
  start();
  accept(1);
  lives_.world.run_until_idle();
  lives_.kill();
  lives_.options.durability = platform::Durability::fsync;
  start();
  accept(2, 10);  // into the second segment
  ASSERT_EQ(lives_.store().counters().segments, 2u);
  lives_.kill();
  zero_group(2, 1);
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000002 is damaged at offset"));
}

}  // namespace
}  // namespace payswitch::store::embedded
