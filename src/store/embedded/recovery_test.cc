#include "store/embedded/recovery.h"

#include <gmock/gmock.h>
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "store/embedded/lives_fixture.h"
#include "store/journal/segment_pool.h"

namespace payswitch::store::embedded {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class RecoveryTest : public LivesTest {
 protected:
  std::uint64_t last_group(std::uint64_t segment = 1) {
    const auto file = lives_.disk.content(segment_name(segment));
    std::uint64_t number = 0;
    std::uint64_t offset = segment_header_bytes;
    while (const auto group = group_at(file, offset)) {
      number = group->header.number;
      offset = group->end();
    }
    return number;
  }
};

TEST_F(RecoveryTest, AnEmptyDirectoryBecomesAJournalBeforeOpenReturns) {
  start();
  lives_.power_cut();
  EXPECT_THAT(lives_.disk.list().value(), ElementsAre("journal-0000000001"));
  EXPECT_EQ(last_group(), 1u);  // the names
  start();
  EXPECT_EQ(lives_.store().names(), (std::vector<std::string>{"default", "fallback"}));
}

TEST_F(RecoveryTest, Protocol43WhatWasInThePageCacheAloneSurvivesAPowerCutOnceItWasReplayed) {
  for (int round = 0; round < 40; ++round) {
    Lives lives(static_cast<std::uint64_t>(round));
    ASSERT_TRUE(lives.start());
    lives.world.run_until_idle();
    lives.store().accept(acceptance(1), [](Verdict) { FAIL() << "it was not synced"; });
    lives.world.run_for(50us);  // written, not synced
    lives.kill();
    ASSERT_TRUE(lives.start());
    ASSERT_EQ(lives.store().counters().open(), 1u);
    lives.power_cut();  // before anything else is written
    ASSERT_TRUE(lives.start());
    EXPECT_EQ(lives.store().counters().open(), 1u) << "round " << round;
  }
}

TEST_F(RecoveryTest, Protocol43TheLastSegmentIsReplacedAlsoWhenNothingWasTorn) {
  start();
  accept(1, 3);
  lives_.kill();
  const auto replaces = lives_.disk.counts().replaces;
  start();
  EXPECT_EQ(lives_.disk.counts().replaces, replaces + 1);
  EXPECT_EQ(payments(), 3u);
}

TEST_F(RecoveryTest, Protocol43ACrashInRecoveryLosesNothing) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Lives lives(seed);
    ASSERT_TRUE(lives.start());
    lives.world.run_until_idle();
    std::uint64_t accepted = 0;
    for (std::uint32_t number = 1; number <= 100; ++number) {
      lives.store().accept(acceptance(number), [&](Verdict) { ++accepted; });
      lives.world.run_for(1ms);
    }
    lives.store().accept(acceptance(101), [](Verdict) {});
    lives.world.run_for(10us);
    lives.kill();
    ASSERT_EQ(accepted, 100u);
    lives.options.processors.push_back({"third"});
    for (std::uint64_t step = 0; step < 3; ++step) {
      lives.disk.stop_in_replace_after(step);
      if (lives.start()) {
        lives.power_cut();
        continue;
      }
      if (lives.random.one_in(2)) lives.power_cut();
    }
    const auto started = lives.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_GE(lives.store().counters().open(), 100u);
    EXPECT_EQ(lives.store().names().size(), 3u);
  }
}

TEST_F(RecoveryTest, Protocol41GroupNumbersAreNeverRestarted) {
  start();
  accept(1, 3);
  EXPECT_EQ(last_group(), 4u);
  for (std::uint32_t life = 0; life < 3; ++life) {
    lives_.power_cut();
    start();
    EXPECT_EQ(last_group(), 4u + life);
    accept(100 + life);
    EXPECT_EQ(last_group(), 5u + life);
  }
}

TEST_F(RecoveryTest, ATornTailIsDroppedAndSaid) {
  start();
  accept(1, 3);
  lives_.kill();
  const auto offset = segment_header_bytes + 3 * block_bytes;  // of the last group
  flip(1, offset + 60);
  start();
  EXPECT_EQ(payments(), 2u);
  EXPECT_EQ(
      lives_.log.count(platform::Level::warn, "journal-0000000001: dropped a torn tail at offset " +
                                                  std::to_string(offset)),
      1u);
  accept(10, 1);
  lives_.power_cut();
  start();
  EXPECT_EQ(payments(), 3u);
}

TEST_F(RecoveryTest, Protocol42DamageStopsTheStartAndTouchesNothing) {
  start();
  accept(1, 3);
  lives_.kill();
  flip(1, segment_header_bytes + block_bytes + 60);
  const auto before = lives_.disk.content(segment_name(1));
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000001 is damaged at offset 4608"));
  EXPECT_EQ(lives_.disk.content(segment_name(1)), before);
  flip(1, segment_header_bytes + block_bytes + 60);
  start();
  EXPECT_EQ(payments(), 3u);
}

TEST_F(RecoveryTest, ATornFirstGroupOfASegmentGetsItsZerosBack) {
  start();
  accept(1, 8);  // the last one is the first of the second segment
  ASSERT_EQ(lives_.store().counters().segments, 2u);
  lives_.kill();
  flip(2, segment_header_bytes + 50);
  start();
  EXPECT_EQ(payments(), 7u);
  const auto file = lives_.disk.content(segment_name(2));
  EXPECT_EQ(std::count(file.begin() + sizeof(SegmentHeader), file.end(), std::byte{0}),
            static_cast<std::ptrdiff_t>(file.size() - sizeof(SegmentHeader)));
  accept(100, 10);
  lives_.power_cut();
  start();
  EXPECT_EQ(payments(), 17u);
}

TEST_F(RecoveryTest, UnfinishedFilesAreRemovedAndOthersLeftAlone) {
  lives_.disk.put("journal-0000000009.tmp", platform::Bytes(10));
  lives_.disk.put("notes", platform::Bytes(10));
  start();
  EXPECT_FALSE(lives_.disk.exists("journal-0000000009.tmp"));
  EXPECT_TRUE(lives_.disk.exists("notes"));
}

TEST_F(RecoveryTest, PreparedSegmentsAreUsedInTheNextLife) {
  start();
  accept(1);
  lives_.world.run_until_idle();
  lives_.kill();
  const auto prepares = lives_.disk.counts().prepares;
  start();
  lives_.world.run_until_idle();
  EXPECT_EQ(lives_.disk.counts().prepares, prepares);
  EXPECT_EQ(lives_.store().counters().prepared_segments, reserve_segments + 1);
}

TEST_F(RecoveryTest, ANameLeftByAPrepareThatWasKilledHoldsBeforeItIsUsed) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Lives lives(seed);
    ASSERT_TRUE(lives.start());
    lives.world.run_for(1ms);
    lives.kill();  // in the middle of the first prepare
    ASSERT_TRUE(lives.start());
    std::uint64_t accepted = 0;
    for (std::uint32_t number = 1; number <= 60; ++number) {
      lives.store().accept(acceptance(number), [&](Verdict) { ++accepted; });
      lives.world.run_for(1ms);
    }
    ASSERT_EQ(accepted, 60u);
    lives.power_cut();
    const auto started = lives.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_EQ(lives.store().counters().open(), 60u);
  }
}

TEST_F(RecoveryTest, AMissingSegmentIsDamage) {
  start();
  accept(1, 120);
  lives_.kill();
  ASSERT_TRUE(lives_.disk.remove(segment_name(2)));
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000002 is missing"));
}

TEST_F(RecoveryTest, AnotherFormatOrAShortenedFileIsRefusedInOneLine) {
  start();
  accept(1, 3);
  lives_.kill();
  const auto name = segment_name(1);
  const auto before = lives_.disk.content(name);
  lives_.disk.resize(name, 8000);
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000001 is 8000 bytes long"));
  auto newer = before;
  newer[8] = std::byte{4};
  lives_.disk.put(name, newer);
  EXPECT_THAT(refusal(), HasSubstr("journal-0000000001 has format version 4"));
}

// As a version wrote it that kept no facts.
void make_segments_older(lab::VirtualDisk& disk) {
  for (const auto& name : disk.list().value()) {
    const auto number = segment_number(name);
    if (!number) continue;
    auto header = make_segment_header({.number = *number, .size = disk.content(name).size()});
    header.version = oldest_format_version;
    header.checksum = XXH3_64bits(&header, offsetof(SegmentHeader, checksum));
    disk.overwrite(name, 0, std::as_bytes(std::span(&header, 1)));
  }
}

TEST_F(RecoveryTest, ADirectoryWithoutOriginsTakesThoseOfItsFirstStartAndIsOfThisVersionThen) {
  start();
  accept(1, 3);
  ASSERT_GT(lives_.disk.list().value().size(), 1u) << "prepared segments count as well";
  lives_.kill();
  make_segments_older(lives_.disk);
  lives_.options.processors = {{"default", "http://a:1"}, {"fallback", "http://b:1"}};
  start();
  EXPECT_EQ(payments(), 3u);
  EXPECT_EQ(lives_.log.count(platform::Level::info, "kept from now on"), 2u);
  EXPECT_THAT(lives_.store().facts().origins, ElementsAre("http://a:1", "http://b:1"));
  for (const auto& name : lives_.disk.list().value()) {
    const auto segment = check_segment(lives_.disk.content(name), *segment_number(name));
    EXPECT_EQ(segment.value().version, format_version) << name;
  }
  lives_.kill();
  start();
  EXPECT_EQ(lives_.log.count(platform::Level::info, "kept from now on"), 2u);
  EXPECT_THAT(lives_.store().facts().origins, ElementsAre("http://a:1", "http://b:1"));
}

TEST_F(RecoveryTest, ProcessorsKeepTheirNumbersWhenTheConfigurationIsReordered) {
  start();
  lives_.kill();
  lives_.options.processors = {{"fallback"}, {"third"}, {"default"}};
  start();
  EXPECT_EQ(lives_.store().names(), (std::vector<std::string>{"default", "fallback", "third"}));
  lives_.power_cut();
  lives_.options.processors = {};
  start();
  EXPECT_EQ(lives_.store().names(), (std::vector<std::string>{"default", "fallback", "third"}));
}

TEST_F(RecoveryTest, NamesThatDoNotFitIntoTheLastSegmentGoToTheNext) {
  for (const bool prepared : {false, true}) {
    Lives lives;
    ASSERT_TRUE(lives.start());
    if (prepared) lives.world.run_until_idle();
    for (std::uint32_t number = 1; number <= 7; ++number) {
      lives.store().accept(acceptance(number), [](Verdict) {});
      lives.world.run_for(120us);  // seven times: less than a prepare takes
    }
    lives.kill();
    lives.options.processors.push_back({"third"});
    ASSERT_TRUE(lives.start());
    EXPECT_EQ(lives.store().counters().segments, 2u);
    lives.power_cut();
    const auto started = lives.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_EQ(lives.store().names().size(), 3u);
    EXPECT_EQ(lives.store().counters().open(), 7u);
  }
}

TEST_F(RecoveryTest, AStoreKnowsThirtyTwoNamesAndNoMore) {
  lives_.options.processors.clear();
  for (int i = 0; i < payment::max_processors; ++i) {
    lives_.options.processors.push_back({"p" + std::to_string(i)});
  }
  start();
  lives_.kill();
  lives_.options.processors.push_back({"one more"});
  EXPECT_THAT(refusal(), HasSubstr("'one more' cannot be added: this store knows 32 names"));
}

TEST_F(RecoveryTest, MemoryIsRefusedWhereAJournalKeepsPayments) {
  start();
  accept(1, 1);
  lives_.kill();
  lives_.options.durability = platform::Durability::memory;
  EXPECT_THAT(refusal(), HasSubstr("durability memory would forget the payments"));
}

TEST_F(RecoveryTest, ANameHasOneToFortyBytes) {
  lives_.options.processors = {{std::string(40, 'x')}};
  start();
  lives_.kill();
  lives_.options.processors = {{std::string(41, 'x')}};
  EXPECT_THAT(refusal(), HasSubstr("must have 1 to 40 bytes"));
  lives_.options.processors = {{""}};
  EXPECT_THAT(refusal(), HasSubstr("must have 1 to 40 bytes"));
}

TEST_F(RecoveryTest, AnotherSegmentSizeAppliesToNewSegments) {
  start();
  accept(1, 3);
  lives_.kill();
  lives_.options.segment_bytes = 16384;
  start();
  EXPECT_EQ(lives_.disk.content(segment_name(1)).size(), 8192u);
  accept(10, 250);
  EXPECT_EQ(lives_.disk.content(segment_name(6)).size(), 16384u);
  lives_.power_cut();
  start();
  EXPECT_EQ(payments(), 253u);
}

TEST_F(RecoveryTest, Protocol46WhatWasWrittenWithOsIsDurableOnceALifeWithFsyncHasStarted) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Lives lives(seed, platform::Durability::os);
    ASSERT_TRUE(lives.start());
    lives.world.run_until_idle();
    for (std::uint32_t number = 1; number <= 150; ++number) {
      lives.store().accept(acceptance(number), [](Verdict) {});
      lives.world.run_for(1ms);
    }
    ASSERT_GE(lives.store().counters().segments, 3u);
    lives.kill();
    lives.options.durability = platform::Durability::fsync;
    ASSERT_TRUE(lives.start());
    lives.power_cut();
    const auto started = lives.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_EQ(lives.store().counters().open(), 150u);
  }
}

}  // namespace
}  // namespace payswitch::store::embedded
