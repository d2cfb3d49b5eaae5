#include <gmock/gmock.h>

#include <array>
#include <optional>

#include "store/embedded/store_process_fixture.h"
#include "store/journal/batch.h"
#include "store/journal/segment.h"
#include "store/journal/segment_pool.h"

// How a life ends, and what the next one makes of it.
namespace payswitch::store::embedded {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class EndingTest : public RestartTest {
 protected:
  // The offsets of the batches of a segment.
  std::vector<std::uint64_t> batches(std::uint64_t segment = 1) {
    const auto file = process_.disk.content(journal::segment_name(segment));
    std::vector<std::uint64_t> offsets;
    std::uint64_t offset = journal::segment_header_bytes;
    while (const auto batch = journal::batch_at(file, offset)) {
      offsets.push_back(offset);
      offset = batch->end();
    }
    return offsets;
  }
};

TEST_F(EndingTest, Protocol42AfterACleanStopDamageInTheLastBatchStopsTheStart) {
  start();
  accept(1, 3);
  process_.stop();
  const auto offsets = batches();
  const auto last = offsets.at(offsets.size() - 2);  // after it comes the end mark
  flip(1, last + 60);
  EXPECT_THAT(refusal(),
              HasSubstr("journal-0000000001 is damaged at offset " + std::to_string(last)));
  flip(1, last + 60);
  start();
  EXPECT_EQ(payments(), 3u);
  EXPECT_EQ(process_.log.count(platform::Level::info, "up to the end mark of a clean stop"), 1u);
}

TEST_F(EndingTest, AfterAKillTheLineOfATornTailSaysThatItsSyncMayHaveCompleted) {
  start();
  accept(1, 3);
  process_.kill();
  flip(1, batches().back() + 60);
  start();
  EXPECT_EQ(payments(), 2u);
  EXPECT_EQ(process_.log.count(platform::Level::warn, "if its sync had completed before that"), 1u);
}

TEST_F(EndingTest, ACleanStopIsOverWhenAllThatWasAskedForIsDurable) {
  start();
  process_.store().accept(acceptance(1, 100, intent(1, at(1))), [](Verdict) {});
  process_.world.run_for(10ms);
  bool settled = false;
  bool ended = false;
  process_.store().settle(test_id(1), settlement(intent(1, at(1)), 100), [&] { settled = true; });
  process_.store().end([&] {
    EXPECT_TRUE(settled);
    ended = true;
  });
  process_.world.run_for(1s);
  EXPECT_TRUE(ended);
  process_.power_cut();
  start();
  EXPECT_EQ(process_.store().counters().by_state[3], 1u);
  EXPECT_EQ(batches().size(), 4u);  // the names, the acceptance, the settlement, the end mark
}

TEST_F(EndingTest, AnEmptyDirectoryMayBeStartedAndStoppedHoweverOftenAndReadsTwoSegments) {
  process_.options.segment_bytes = 32768;
  for (int life = 0; life < 40; ++life) {
    const auto reads = process_.disk.counts().reads;
    start();
    if (life > 0) EXPECT_LE(process_.disk.counts().reads - reads, 3u) << "life " << life;
    process_.world.run_until_idle();
    EXPECT_LE(process_.store().counters().prepared_segments, 1u + journal::reserve_segments);
    process_.stop();
  }
  start();
  accept(1);
  process_.power_cut();
  start();
  EXPECT_EQ(payments(), 1u);
}

TEST_F(EndingTest, AStartReadsOneSegmentThatWasNotUsedAndOfTheOthersTheBeginning) {
  start();
  accept(1, 3);
  process_.world.run_until_idle();
  ASSERT_EQ(process_.store().counters().prepared_segments, journal::reserve_segments + 1);
  process_.kill();
  const auto reads = process_.disk.counts().reads;
  start();
  EXPECT_EQ(process_.disk.counts().reads - reads, 2u);
}

// What is there is damage to a segment that was used, and the one before it is torn: two faults.
TEST_F(EndingTest, Protocol42ABatchAtTheBeginningOfASegmentIsFoundBehindOneThatLostAll) {
  start();
  accept(1, 16);  // seven batches a segment
  process_.kill();
  const std::vector<std::byte> zeros(8192 - journal::segment_header_bytes);
  process_.disk.overwrite(journal::segment_name(2), journal::segment_header_bytes, zeros);
  EXPECT_THAT(refusal(), HasSubstr("is damaged at offset"));
}

// -- durability os ------------------------------------------------------------------------

class OsEndingTest : public EndingTest {
 protected:
  OsEndingTest() { process_.options.durability = platform::Durability::os; }

  void zero_batch(std::uint64_t segment, std::size_t index) {
    const std::vector<std::byte> zeros(journal::block_bytes);
    process_.disk.overwrite(journal::segment_name(segment), batches(segment).at(index), zeros);
  }
};

TEST_F(OsEndingTest, Protocol46AGapThatAPowerCutLeftIsTheEndAndSaidLoudly) {
  start();
  accept(1, 5);
  process_.kill();
  zero_batch(1, 3);  // of the third payment
  start();
  EXPECT_EQ(payments(), 2u);
  EXPECT_EQ(
      process_.log.count(platform::Level::error, "2 intact groups (2 records) behind the gap"), 1u);
  EXPECT_EQ(process_.store().counters().dropped_batches, 2u);
  accept(10);
  process_.kill();
  start();
  EXPECT_EQ(payments(), 3u);
}

// Any blocks of what was not synced may be on the disk, and any may not.
TEST_F(OsEndingTest, Protocol46AfterAPowerCutItAlwaysStarts) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    StoreProcess process(seed, platform::Durability::os);
    ASSERT_TRUE(process.start());
    std::uint32_t number = 0;
    for (int life = 0; life < 4; ++life) {
      for (int i = 0; i < 9; ++i) {
        process.store().accept(acceptance(++number), [](Verdict) {});
        process.world.run_for(1ms);
      }
      process.power_cut();
      const auto started = process.start();
      ASSERT_TRUE(started) << "seed " << seed << ": " << started.error();
    }
  }
}

// What was synced once must not become a gap because the durability is another one now.
TEST_F(OsEndingTest, Protocol46WhatAnEarlierLifeHadSyncedIsDamagedAndNoGap) {
  process_.options.durability = platform::Durability::fsync;
  start();
  accept(1, 3);
  process_.kill();
  process_.options.durability = platform::Durability::os;
  start();
  accept(4, 2);
  process_.kill();
  zero_batch(1, 1);
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000001 is damaged at offset"));
}

// A segment that was prepared with os, and is written with fsync.
TEST_F(OsEndingTest,
       Protocol46HeadersSayHowTheirSegmentIsWrittenAlsoWhenItWasPreparedByAnotherLife) {
  start();
  accept(1);
  process_.world.run_until_idle();
  process_.kill();
  process_.options.durability = platform::Durability::fsync;
  start();
  accept(2, 10);  // into the second segment
  ASSERT_EQ(process_.store().counters().segments, 2u);
  process_.kill();
  zero_batch(2, 1);
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000002 is damaged at offset"));
}

}  // namespace
}  // namespace payswitch::store::embedded
