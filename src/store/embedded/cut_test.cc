#include "store/embedded/cut.h"

#include <gmock/gmock.h>

#include <array>
#include <map>

#include "store/archive/file_set.h"
#include "store/embedded/store_process_fixture.h"
#include "store/journal/segment.h"

namespace payswitch::store::embedded {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// A start that damage refuses, and its way out. Seven batches fill a segment.
class CutTest : public testing::Test {
 protected:
  std::expected<void, std::string> try_start(bool cuts = false) {
    process_.options.cut_at_damage = cuts;
    return process_.start();
  }

  std::string refusal(bool cuts = false) {
    const auto started = try_start(cuts);
    return started ? "started" : started.error();
  }

  void begin_with(std::uint32_t payments) {
    ASSERT_TRUE(try_start());
    for (std::uint32_t number = 1; number <= payments; ++number) accept(number);
    process_.world.run_until_idle();
    process_.kill();
  }

  void accept(std::uint32_t number) {
    process_.store().accept(acceptance(number), [](Verdict) {});
    process_.world.run_for(10ms);
  }

  void flip(const std::string& name, std::uint64_t offset) {
    const std::array<std::byte, 1> flipped{process_.disk.content(name).at(offset) ^ std::byte{1}};
    process_.disk.overwrite(name, offset, flipped);
  }

  std::map<std::string, platform::Bytes> files() {
    std::map<std::string, platform::Bytes> files;
    for (const auto& name : process_.disk.list().value()) files[name] = process_.disk.content(name);
    return files;
  }

  // Refused without the flag, started with it and then without; nothing is lost of `before`.
  void expect_way_out(std::uint64_t payments_left) {
    const auto before = files();
    EXPECT_THAT(refusal(), HasSubstr("--cut-at-damage"));
    EXPECT_EQ(files(), before) << "a refused start changes nothing";
    EXPECT_EQ(refusal(true), "started");
    EXPECT_EQ(process_.store().counters().open(), payments_left);
    EXPECT_TRUE(process_.store().facts().restored);
    EXPECT_EQ(process_.log.count(platform::Level::error, "the log was cut in"), 1u);
    const auto after = files();
    for (const auto& [name, content] : before) {
      const bool is_there =
          (after.contains(name) && after.at(name) == content) ||
          (after.contains("cut-1-" + name) && after.at("cut-1-" + name) == content);
      const bool was_empty = journal::segment_number(name) &&
                             !journal::batch_at(content, journal::segment_header_bytes) &&
                             content[journal::segment_header_bytes] == std::byte{0};
      EXPECT_TRUE(is_there || was_empty) << name;
    }
    accept(1000);
    process_.power_cut();
    EXPECT_EQ(refusal(), "started");
    EXPECT_EQ(process_.store().counters().open(), payments_left + 1);
    EXPECT_TRUE(process_.store().facts().restored);
  }

  StoreProcess process_;
};

TEST_F(CutTest, ADamagedBatchIsCutWithWhatFollowsAndAllIsKeptAside) {
  begin_with(20);
  flip(journal::segment_name(2), journal::segment_header_bytes + 2 * journal::block_bytes + 60);
  expect_way_out(7 + 2);
}

TEST_F(CutTest, DamageInTheFirstBatchOfAll) {
  begin_with(20);
  flip(journal::segment_name(1), journal::segment_header_bytes + 60);
  expect_way_out(0);
}

TEST_F(CutTest, ADamagedHeader) {
  begin_with(20);
  flip(journal::segment_name(2), 20);
  expect_way_out(15);  // its batches are whole
}

TEST_F(CutTest, AMissingSegment) {
  begin_with(20);
  ASSERT_TRUE(process_.disk.remove(journal::segment_name(2)));
  expect_way_out(7);
}

TEST_F(CutTest, AShortenedSegment) {
  begin_with(20);
  process_.disk.resize(journal::segment_name(2), 5000);
  expect_way_out(7 + 1);
}

TEST_F(CutTest, DamageBeforeTheEndMarkOfACleanStop) {
  ASSERT_TRUE(try_start());
  for (std::uint32_t number = 1; number <= 3; ++number) accept(number);
  process_.stop();
  flip(journal::segment_name(1), journal::segment_header_bytes + 3 * journal::block_bytes + 60);
  expect_way_out(2);
}

TEST_F(CutTest, TheFlagDoesNothingWhereNothingIsDamaged) {
  begin_with(5);
  EXPECT_EQ(refusal(true), "started");
  EXPECT_FALSE(process_.store().facts().restored);
  for (const auto& name : process_.disk.list().value()) EXPECT_THAT(name, Not(HasSubstr("cut-")));
}

TEST_F(CutTest, AnotherFormatIsNotDamageAndIsNotCut) {
  begin_with(5);
  auto newer = process_.disk.content(journal::segment_name(1));
  newer[8] = std::byte{9};
  process_.disk.put(journal::segment_name(1), newer);
  EXPECT_THAT(refusal(true), HasSubstr("format version 9"));
  EXPECT_THAT(refusal(), Not(HasSubstr("--cut-at-damage")));
}

// However far it came, the next start is refused, or the cut is complete with its record.
TEST_F(CutTest, ACrashWhileItIsCutLeavesARefusalOrAStoreThatIsRestored) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    for (std::uint64_t step = 0; step < 3; ++step) {
      StoreProcess process(seed);
      ASSERT_TRUE(process.start());
      for (std::uint32_t number = 1; number <= 20; ++number) {
        process.store().accept(acceptance(number), [](Verdict) {});
        process.world.run_for(10ms);
      }
      process.world.run_until_idle();
      process.kill();
      const auto name = journal::segment_name(2);
      const auto place = journal::segment_header_bytes + 2 * journal::block_bytes + 60;
      const std::array<std::byte, 1> flipped{process.disk.content(name).at(place) ^ std::byte{1}};
      process.disk.overwrite(name, place, flipped);
      process.options.cut_at_damage = true;
      process.disk.stop_in_replace_after(step);
      if (!process.start()) process.disk.power_cut();
      process.power_cut();
      process.options.cut_at_damage = false;
      if (process.start()) {
        EXPECT_TRUE(process.store().facts().restored);
        process.kill();
      }
      process.options.cut_at_damage = true;
      const auto started = process.start();
      ASSERT_TRUE(started) << "seed " << seed << ": " << started.error();
      EXPECT_EQ(process.store().counters().open(), 9u);
      EXPECT_TRUE(process.store().facts().restored);
    }
  }
}

// -- archive files -------------------------------------------------------------------------

class ArchiveCutTest : public CutTest {
 protected:
  void SetUp() override {
    process_.options.compaction = true;
    ASSERT_TRUE(try_start());
    for (std::uint32_t number = 1; number <= 40; ++number) {
      const auto sent = intent(1, at(number));
      process_.store().accept(acceptance(number, 100, sent), [](Verdict) {});
      process_.world.run_for(10ms);
      process_.store().settle(test_id(number), settlement(sent, 100), [] {});
      process_.world.run_for(50ms);
    }
    process_.world.run_for(1s);
    process_.kill();
    for (const auto& name : process_.disk.list().value()) {
      if (archive::segments_in_name(name)) archive_.push_back(name);
    }
    ASSERT_GE(archive_.size(), 4u);
  }

  void expect_the_first_two_are_left() {
    EXPECT_THAT(refusal(), HasSubstr("--cut-at-damage"));
    EXPECT_EQ(refusal(true), "started");
    EXPECT_EQ(process_.store().counters().sealed_files, 2u);
    EXPECT_TRUE(process_.store().facts().restored);
    process_.power_cut();
    EXPECT_EQ(refusal(), "started");
    EXPECT_TRUE(process_.disk.exists("cut-1-" + archive_.back()));
    bool is_new = false;
    process_.store().accept(acceptance(40, 100),
                            [&](Verdict verdict) { is_new = verdict == Verdict::accepted; });
    process_.world.run_for(1s);
    EXPECT_TRUE(is_new);
  }

  std::vector<std::string> archive_;
};

TEST_F(ArchiveCutTest, ADamagedFooter) {
  flip(archive_[2], process_.disk.content(archive_[2]).size() - 4096 + 60);
  expect_the_first_two_are_left();
}

TEST_F(ArchiveCutTest, AMissingArchiveFile) {
  ASSERT_TRUE(process_.disk.remove(archive_[2]));
  expect_the_first_two_are_left();
}

TEST_F(ArchiveCutTest, TheFirstSegmentBehindTheArchiveFilesIsMissing) {
  for (const auto& name : process_.disk.list().value()) {
    if (journal::segment_number(name)) ASSERT_TRUE(process_.disk.remove(name));
  }
  EXPECT_THAT(refusal(), HasSubstr("is missing, but"));
  EXPECT_EQ(refusal(true), "started");
  EXPECT_EQ(process_.store().counters().sealed_files, archive_.size());
  EXPECT_TRUE(process_.store().facts().restored);
}

}  // namespace
}  // namespace payswitch::store::embedded
