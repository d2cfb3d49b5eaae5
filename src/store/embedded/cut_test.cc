#include "store/embedded/cut.h"

#include <gmock/gmock.h>

#include <array>
#include <map>

#include "store/archive/archive.h"
#include "store/embedded/lives_fixture.h"
#include "store/journal/segment.h"

namespace payswitch::store::embedded {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// A start that damage refuses, and its way out. Seven groups fill a segment.
class CutTest : public testing::Test {
 protected:
  std::expected<void, std::string> try_start(bool cuts = false) {
    lives_.options.cut_at_damage = cuts;
    return lives_.start();
  }

  std::string refusal(bool cuts = false) {
    const auto started = try_start(cuts);
    return started ? "started" : started.error();
  }

  void begin_with(std::uint32_t payments) {
    ASSERT_TRUE(try_start());
    for (std::uint32_t number = 1; number <= payments; ++number) accept(number);
    lives_.world.run_until_idle();
    lives_.kill();
  }

  void accept(std::uint32_t number) {
    lives_.store().accept(acceptance(number), [](Verdict) {});
    lives_.world.run_for(10ms);
  }

  void flip(const std::string& name, std::uint64_t offset) {
    const std::array<std::byte, 1> flipped{lives_.disk.content(name).at(offset) ^ std::byte{1}};
    lives_.disk.overwrite(name, offset, flipped);
  }

  std::map<std::string, platform::Bytes> files() {
    std::map<std::string, platform::Bytes> files;
    for (const auto& name : lives_.disk.list().value()) files[name] = lives_.disk.content(name);
    return files;
  }

  // Refused without the flag, started with it and then without; nothing is lost of `before`.
  void expect_way_out(std::uint64_t payments_left) {
    const auto before = files();
    EXPECT_THAT(refusal(), HasSubstr("--cut-at-damage"));
    EXPECT_EQ(files(), before) << "a refused start changes nothing";
    EXPECT_EQ(refusal(true), "started");
    EXPECT_EQ(lives_.store().counters().open(), payments_left);
    EXPECT_TRUE(lives_.store().facts().restored);
    EXPECT_EQ(lives_.log.count(platform::Level::error, "the log was cut in"), 1u);
    const auto after = files();
    for (const auto& [name, content] : before) {
      const bool is_there =
          (after.contains(name) && after.at(name) == content) ||
          (after.contains("cut-1-" + name) && after.at("cut-1-" + name) == content);
      const bool was_empty = segment_number(name) && !group_at(content, segment_header_bytes) &&
                             content[segment_header_bytes] == std::byte{0};
      EXPECT_TRUE(is_there || was_empty) << name;
    }
    accept(1000);
    lives_.power_cut();
    EXPECT_EQ(refusal(), "started");
    EXPECT_EQ(lives_.store().counters().open(), payments_left + 1);
    EXPECT_TRUE(lives_.store().facts().restored);
  }

  Lives lives_;
};

TEST_F(CutTest, ADamagedGroupIsCutWithWhatFollowsAndAllIsKeptAside) {
  begin_with(20);
  flip(segment_name(2), segment_header_bytes + 2 * block_bytes + 60);
  expect_way_out(7 + 2);
}

TEST_F(CutTest, DamageInTheFirstGroupOfAll) {
  begin_with(20);
  flip(segment_name(1), segment_header_bytes + 60);
  expect_way_out(0);
}

TEST_F(CutTest, ADamagedHeader) {
  begin_with(20);
  flip(segment_name(2), 20);
  expect_way_out(15);  // its groups are whole
}

TEST_F(CutTest, AMissingSegment) {
  begin_with(20);
  ASSERT_TRUE(lives_.disk.remove(segment_name(2)));
  expect_way_out(7);
}

TEST_F(CutTest, AShortenedSegment) {
  begin_with(20);
  lives_.disk.resize(segment_name(2), 5000);
  expect_way_out(7 + 1);
}

TEST_F(CutTest, DamageBeforeTheEndMarkOfACleanStop) {
  ASSERT_TRUE(try_start());
  for (std::uint32_t number = 1; number <= 3; ++number) accept(number);
  lives_.stop();
  flip(segment_name(1), segment_header_bytes + 3 * block_bytes + 60);
  expect_way_out(2);
}

TEST_F(CutTest, TheFlagDoesNothingWhereNothingIsDamaged) {
  begin_with(5);
  EXPECT_EQ(refusal(true), "started");
  EXPECT_FALSE(lives_.store().facts().restored);
  for (const auto& name : lives_.disk.list().value()) EXPECT_THAT(name, Not(HasSubstr("cut-")));
}

TEST_F(CutTest, AnotherFormatIsNotDamageAndIsNotCut) {
  begin_with(5);
  auto newer = lives_.disk.content(segment_name(1));
  newer[8] = std::byte{9};
  lives_.disk.put(segment_name(1), newer);
  EXPECT_THAT(refusal(true), HasSubstr("format version 9"));
  EXPECT_THAT(refusal(), Not(HasSubstr("--cut-at-damage")));
}

// However far it came, the next start is refused, or the cut is complete with its record.
TEST_F(CutTest, ACrashWhileItIsCutLeavesARefusalOrAStoreThatIsRestored) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    for (std::uint64_t step = 0; step < 3; ++step) {
      Lives lives(seed);
      ASSERT_TRUE(lives.start());
      for (std::uint32_t number = 1; number <= 20; ++number) {
        lives.store().accept(acceptance(number), [](Verdict) {});
        lives.world.run_for(10ms);
      }
      lives.world.run_until_idle();
      lives.kill();
      const auto name = segment_name(2);
      const auto place = segment_header_bytes + 2 * block_bytes + 60;
      const std::array<std::byte, 1> flipped{lives.disk.content(name).at(place) ^ std::byte{1}};
      lives.disk.overwrite(name, place, flipped);
      lives.options.cut_at_damage = true;
      lives.disk.stop_in_replace_after(step);
      if (!lives.start()) lives.disk.power_cut();
      lives.power_cut();
      lives.options.cut_at_damage = false;
      if (lives.start()) {
        EXPECT_TRUE(lives.store().facts().restored);
        lives.kill();
      }
      lives.options.cut_at_damage = true;
      const auto started = lives.start();
      ASSERT_TRUE(started) << "seed " << seed << ": " << started.error();
      EXPECT_EQ(lives.store().counters().open(), 9u);
      EXPECT_TRUE(lives.store().facts().restored);
    }
  }
}

// -- sealed files -------------------------------------------------------------------------

class SealedCutTest : public CutTest {
 protected:
  void SetUp() override {
    lives_.options.sealing = true;
    ASSERT_TRUE(try_start());
    for (std::uint32_t number = 1; number <= 40; ++number) {
      const auto sent = intent(1, at(number));
      lives_.store().accept(acceptance(number, 100, sent), [](Verdict) {});
      lives_.world.run_for(10ms);
      lives_.store().settle(test_id(number), settlement(sent, 100), [] {});
      lives_.world.run_for(50ms);
    }
    lives_.world.run_for(1s);
    lives_.kill();
    for (const auto& name : lives_.disk.list().value()) {
      if (sealed_segments(name)) sealed_.push_back(name);
    }
    ASSERT_GE(sealed_.size(), 4u);
  }

  void expect_the_first_two_are_left() {
    EXPECT_THAT(refusal(), HasSubstr("--cut-at-damage"));
    EXPECT_EQ(refusal(true), "started");
    EXPECT_EQ(lives_.store().counters().sealed_files, 2u);
    EXPECT_TRUE(lives_.store().facts().restored);
    lives_.power_cut();
    EXPECT_EQ(refusal(), "started");
    EXPECT_TRUE(lives_.disk.exists("cut-1-" + sealed_.back()));
    bool is_new = false;
    lives_.store().accept(acceptance(40, 100),
                          [&](Verdict verdict) { is_new = verdict == Verdict::accepted; });
    lives_.world.run_for(1s);
    EXPECT_TRUE(is_new);
  }

  std::vector<std::string> sealed_;
};

TEST_F(SealedCutTest, ADamagedFooter) {
  flip(sealed_[2], lives_.disk.content(sealed_[2]).size() - 4096 + 60);
  expect_the_first_two_are_left();
}

TEST_F(SealedCutTest, AMissingSealedFile) {
  ASSERT_TRUE(lives_.disk.remove(sealed_[2]));
  expect_the_first_two_are_left();
}

TEST_F(SealedCutTest, TheFirstSegmentBehindTheSealedFilesIsMissing) {
  for (const auto& name : lives_.disk.list().value()) {
    if (segment_number(name)) ASSERT_TRUE(lives_.disk.remove(name));
  }
  EXPECT_THAT(refusal(), HasSubstr("is missing, but"));
  EXPECT_EQ(refusal(true), "started");
  EXPECT_EQ(lives_.store().counters().sealed_files, sealed_.size());
  EXPECT_TRUE(lives_.store().facts().restored);
}

}  // namespace
}  // namespace payswitch::store::embedded
