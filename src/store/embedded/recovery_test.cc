#include "store/embedded/recovery.h"

#include <gmock/gmock.h>
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "store/embedded/store_process_fixture.h"
#include "store/journal/segment_pool.h"

namespace payswitch::store::embedded {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class RecoveryTest : public RestartTest {
 protected:
  std::uint64_t last_batch(std::uint64_t segment = 1) {
    const auto file = process_.disk.content(journal::segment_name(segment));
    std::uint64_t number = 0;
    std::uint64_t offset = journal::segment_header_bytes;
    while (const auto batch = journal::batch_at(file, offset)) {
      number = batch->header.number;
      offset = batch->end();
    }
    return number;
  }
};

TEST_F(RecoveryTest, AnEmptyDirectoryBecomesAJournalBeforeOpenReturns) {
  start();
  process_.power_cut();
  EXPECT_THAT(process_.disk.list().value(), ElementsAre("journal-0000000001"));
  EXPECT_EQ(last_batch(), 1u);  // the names
  start();
  EXPECT_EQ(process_.store().names(), (std::vector<std::string>{"default", "fallback"}));
}

TEST_F(RecoveryTest, Protocol43WhatWasInThePageCacheAloneSurvivesAPowerCutOnceItWasReplayed) {
  for (int round = 0; round < 40; ++round) {
    StoreProcess process(static_cast<std::uint64_t>(round));
    ASSERT_TRUE(process.start());
    process.world.run_until_idle();
    process.store().accept(acceptance(1), [](Verdict) { FAIL() << "it was not synced"; });
    process.world.run_for(50us);  // written, not synced
    process.kill();
    ASSERT_TRUE(process.start());
    ASSERT_EQ(process.store().counters().open(), 1u);
    process.power_cut();  // before anything else is written
    ASSERT_TRUE(process.start());
    EXPECT_EQ(process.store().counters().open(), 1u) << "round " << round;
  }
}

TEST_F(RecoveryTest, Protocol43TheLastSegmentIsReplacedAlsoWhenNothingWasTorn) {
  start();
  accept(1, 3);
  process_.kill();
  const auto replaces = process_.disk.counts().replaces;
  start();
  EXPECT_EQ(process_.disk.counts().replaces, replaces + 1);
  EXPECT_EQ(payments(), 3u);
}

TEST_F(RecoveryTest, Protocol43ACrashInRecoveryLosesNothing) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    StoreProcess process(seed);
    ASSERT_TRUE(process.start());
    process.world.run_until_idle();
    std::uint64_t accepted = 0;
    for (std::uint32_t number = 1; number <= 100; ++number) {
      process.store().accept(acceptance(number), [&](Verdict) { ++accepted; });
      process.world.run_for(1ms);
    }
    process.store().accept(acceptance(101), [](Verdict) {});
    process.world.run_for(10us);
    process.kill();
    ASSERT_EQ(accepted, 100u);
    process.options.processors.push_back({"third"});
    for (std::uint64_t step = 0; step < 3; ++step) {
      process.disk.stop_in_replace_after(step);
      if (process.start()) {
        process.power_cut();
        continue;
      }
      if (process.random.one_in(2)) process.power_cut();
    }
    const auto started = process.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_GE(process.store().counters().open(), 100u);
    EXPECT_EQ(process.store().names().size(), 3u);
  }
}

TEST_F(RecoveryTest, Protocol41BatchNumbersAreNeverRestarted) {
  start();
  accept(1, 3);
  EXPECT_EQ(last_batch(), 4u);
  for (std::uint32_t life = 0; life < 3; ++life) {
    process_.power_cut();
    start();
    EXPECT_EQ(last_batch(), 4u + life);
    accept(100 + life);
    EXPECT_EQ(last_batch(), 5u + life);
  }
}

TEST_F(RecoveryTest, ATornTailIsDroppedAndSaid) {
  start();
  accept(1, 3);
  process_.kill();
  const auto offset =
      journal::segment_header_bytes + 3 * journal::block_bytes;  // of the last batch
  flip(1, offset + 60);
  start();
  EXPECT_EQ(payments(), 2u);
  EXPECT_EQ(process_.log.count(
                platform::Level::warn,
                "journal-0000000001: dropped a torn tail at offset " + std::to_string(offset)),
            1u);
  accept(10, 1);
  process_.power_cut();
  start();
  EXPECT_EQ(payments(), 3u);
}

TEST_F(RecoveryTest, Protocol42DamageStopsTheStartAndTouchesNothing) {
  start();
  accept(1, 3);
  process_.kill();
  flip(1, journal::segment_header_bytes + journal::block_bytes + 60);
  const auto before = process_.disk.content(journal::segment_name(1));
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000001 is damaged at offset 4608"));
  EXPECT_EQ(process_.disk.content(journal::segment_name(1)), before);
  flip(1, journal::segment_header_bytes + journal::block_bytes + 60);
  start();
  EXPECT_EQ(payments(), 3u);
}

TEST_F(RecoveryTest, ATornFirstBatchOfASegmentGetsItsZerosBack) {
  start();
  accept(1, 8);  // the last one is the first of the second segment
  ASSERT_EQ(process_.store().counters().segments, 2u);
  process_.kill();
  flip(2, journal::segment_header_bytes + 50);
  start();
  EXPECT_EQ(payments(), 7u);
  const auto file = process_.disk.content(journal::segment_name(2));
  EXPECT_EQ(std::count(file.begin() + sizeof(journal::SegmentHeader), file.end(), std::byte{0}),
            static_cast<std::ptrdiff_t>(file.size() - sizeof(journal::SegmentHeader)));
  accept(100, 10);
  process_.power_cut();
  start();
  EXPECT_EQ(payments(), 17u);
}

TEST_F(RecoveryTest, UnfinishedFilesAreRemovedAndOthersLeftAlone) {
  process_.disk.put("journal-0000000009.tmp", platform::Bytes(10));
  process_.disk.put("notes", platform::Bytes(10));
  start();
  EXPECT_FALSE(process_.disk.exists("journal-0000000009.tmp"));
  EXPECT_TRUE(process_.disk.exists("notes"));
}

TEST_F(RecoveryTest, PreparedSegmentsAreUsedInTheNextLife) {
  start();
  accept(1);
  process_.world.run_until_idle();
  process_.kill();
  const auto prepares = process_.disk.counts().prepares;
  start();
  process_.world.run_until_idle();
  EXPECT_EQ(process_.disk.counts().prepares, prepares);
  EXPECT_EQ(process_.store().counters().prepared_segments, journal::reserve_segments + 1);
}

TEST_F(RecoveryTest, ANameLeftByAPrepareThatWasKilledHoldsBeforeItIsUsed) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    StoreProcess process(seed);
    ASSERT_TRUE(process.start());
    process.world.run_for(1ms);
    process.kill();  // in the middle of the first prepare
    ASSERT_TRUE(process.start());
    std::uint64_t accepted = 0;
    for (std::uint32_t number = 1; number <= 60; ++number) {
      process.store().accept(acceptance(number), [&](Verdict) { ++accepted; });
      process.world.run_for(1ms);
    }
    ASSERT_EQ(accepted, 60u);
    process.power_cut();
    const auto started = process.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_EQ(process.store().counters().open(), 60u);
  }
}

TEST_F(RecoveryTest, AMissingSegmentIsDamage) {
  start();
  accept(1, 120);
  process_.kill();
  ASSERT_TRUE(process_.disk.remove(journal::segment_name(2)));
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000002 is missing"));
}

TEST_F(RecoveryTest, AnotherFormatOrAShortenedFileIsRefusedInOneLine) {
  start();
  accept(1, 3);
  process_.kill();
  const auto name = journal::segment_name(1);
  const auto before = process_.disk.content(name);
  process_.disk.resize(name, 8000);
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000001 is 8000 bytes long"));
  auto newer = before;
  newer[8] = std::byte{4};
  process_.disk.put(name, newer);
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000001 has format version 4"));
}

// As a version wrote it that kept no facts.
void make_segments_older(lab::VirtualDisk& disk) {
  for (const auto& name : disk.list().value()) {
    const auto number = journal::segment_number(name);
    if (!number) continue;
    auto header =
        journal::make_segment_header({.number = *number, .size = disk.content(name).size()});
    header.version = journal::oldest_format_version;
    header.checksum = XXH3_64bits(&header, offsetof(journal::SegmentHeader, checksum));
    disk.overwrite(name, 0, std::as_bytes(std::span(&header, 1)));
  }
}

TEST_F(RecoveryTest, ADirectoryWithoutOriginsTakesThoseOfItsFirstStartAndIsOfThisVersionThen) {
  start();
  accept(1, 3);
  ASSERT_GT(process_.disk.list().value().size(), 1u) << "prepared segments count as well";
  process_.kill();
  make_segments_older(process_.disk);
  process_.options.processors = {{"default", "http://a:1"}, {"fallback", "http://b:1"}};
  start();
  EXPECT_EQ(payments(), 3u);
  EXPECT_EQ(process_.log.count(platform::Level::info, "kept from now on"), 2u);
  EXPECT_THAT(process_.store().facts().origins, ElementsAre("http://a:1", "http://b:1"));
  for (const auto& name : process_.disk.list().value()) {
    const auto segment =
        journal::check_segment(process_.disk.content(name), *journal::segment_number(name));
    EXPECT_EQ(segment.value().version, journal::format_version) << name;
  }
  process_.kill();
  start();
  EXPECT_EQ(process_.log.count(platform::Level::info, "kept from now on"), 2u);
  EXPECT_THAT(process_.store().facts().origins, ElementsAre("http://a:1", "http://b:1"));
}

TEST_F(RecoveryTest, ProcessorsKeepTheirNumbersWhenTheConfigurationIsReordered) {
  start();
  process_.kill();
  process_.options.processors = {{"fallback"}, {"third"}, {"default"}};
  start();
  EXPECT_EQ(process_.store().names(), (std::vector<std::string>{"default", "fallback", "third"}));
  process_.power_cut();
  process_.options.processors = {};
  start();
  EXPECT_EQ(process_.store().names(), (std::vector<std::string>{"default", "fallback", "third"}));
}

TEST_F(RecoveryTest, NamesThatDoNotFitIntoTheLastSegmentGoToTheNext) {
  for (const bool prepared : {false, true}) {
    StoreProcess process;
    ASSERT_TRUE(process.start());
    if (prepared) process.world.run_until_idle();
    for (std::uint32_t number = 1; number <= 7; ++number) {
      process.store().accept(acceptance(number), [](Verdict) {});
      process.world.run_for(120us);  // seven times: less than a prepare takes
    }
    process.kill();
    process.options.processors.push_back({"third"});
    ASSERT_TRUE(process.start());
    EXPECT_EQ(process.store().counters().segments, 2u);
    process.power_cut();
    const auto started = process.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_EQ(process.store().names().size(), 3u);
    EXPECT_EQ(process.store().counters().open(), 7u);
  }
}

TEST_F(RecoveryTest, AStoreKnowsThirtyTwoNamesAndNoMore) {
  process_.options.processors.clear();
  for (int i = 0; i < payment::max_processors; ++i) {
    process_.options.processors.push_back({"p" + std::to_string(i)});
  }
  start();
  process_.kill();
  process_.options.processors.push_back({"one more"});
  EXPECT_THAT(refusal(), HasSubstr("'one more' cannot be added: this store knows 32 names"));
}

TEST_F(RecoveryTest, MemoryIsRefusedWhereAJournalKeepsPayments) {
  start();
  accept(1, 1);
  process_.kill();
  process_.options.durability = platform::Durability::memory;
  EXPECT_THAT(refusal(), HasSubstr("durability memory would forget the payments"));
}

TEST_F(RecoveryTest, ANameHasOneToFortyBytes) {
  process_.options.processors = {{std::string(40, 'x')}};
  start();
  process_.kill();
  process_.options.processors = {{std::string(41, 'x')}};
  EXPECT_THAT(refusal(), HasSubstr("must have 1 to 40 bytes"));
  process_.options.processors = {{""}};
  EXPECT_THAT(refusal(), HasSubstr("must have 1 to 40 bytes"));
}

TEST_F(RecoveryTest, AnotherSegmentSizeAppliesToNewSegments) {
  start();
  accept(1, 3);
  process_.kill();
  process_.options.segment_bytes = 16384;
  start();
  EXPECT_EQ(process_.disk.content(journal::segment_name(1)).size(), 8192u);
  accept(10, 250);
  EXPECT_EQ(process_.disk.content(journal::segment_name(6)).size(), 16384u);
  process_.power_cut();
  start();
  EXPECT_EQ(payments(), 253u);
}

TEST_F(RecoveryTest, Protocol46WhatWasWrittenWithOsIsDurableOnceALifeWithFsyncHasStarted) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    StoreProcess process(seed, platform::Durability::os);
    ASSERT_TRUE(process.start());
    process.world.run_until_idle();
    for (std::uint32_t number = 1; number <= 150; ++number) {
      process.store().accept(acceptance(number), [](Verdict) {});
      process.world.run_for(1ms);
    }
    ASSERT_GE(process.store().counters().segments, 3u);
    process.kill();
    process.options.durability = platform::Durability::fsync;
    ASSERT_TRUE(process.start());
    process.power_cut();
    const auto started = process.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_EQ(process.store().counters().open(), 150u);
  }
}

}  // namespace
}  // namespace payswitch::store::embedded
