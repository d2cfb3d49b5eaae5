#include "testing/world/disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace payswitch::lab {
namespace {

using namespace std::chrono_literals;
using platform::Bytes;
using platform::DiskResult;
using platform::Durability;

Bytes bytes(std::size_t size, int value) {
  return Bytes(size, static_cast<std::byte>(value));
}

class VirtualDiskTest : public testing::Test {
 protected:
  // The result of the append when it has completed.
  std::optional<DiskResult<void>> append(std::uint64_t offset, const Bytes& content,
                                         Durability durability) {
    if (auto opened = disk.open_for_appends("f"); !opened) return opened;
    std::optional<DiskResult<void>> result;
    disk.append("f", offset, content, durability, [&](auto done) { result = done; });
    EXPECT_TRUE(world.run_until_idle());
    return result;
  }

  World world;
  SeededRandom random{1};
  VirtualDisk disk{world, random};
};

TEST_F(VirtualDiskTest, AReplacedFileIsPaddedWithZerosAndSurvivesAPowerCut) {
  ASSERT_TRUE(disk.replace("f", bytes(3, 7), 5));
  disk.power_cut();
  auto expected = bytes(3, 7);
  expected.resize(5);
  EXPECT_EQ(disk.read("f").value(), expected);
  EXPECT_EQ(disk.list().value(), std::vector<std::string>{"f"});
}

TEST_F(VirtualDiskTest, MissingFilesAreErrors) {
  EXPECT_EQ(disk.read("f").error().code, ENOENT);
  EXPECT_EQ(disk.remove("f").error().code, ENOENT);
  EXPECT_FALSE(append(0, bytes(1, 1), Durability::fsync)->has_value());
}

TEST_F(VirtualDiskTest, AnAppendTakesItsTimeAndThenSurvivesAPowerCut) {
  ASSERT_TRUE(disk.replace("f", {}, 2000));
  ASSERT_TRUE(disk.open_for_appends("f"));
  bool done = false;
  const auto content = bytes(2000, 5);
  disk.append("f", 0, content, Durability::fsync, [&](auto result) { done = result.has_value(); });
  world.run_for(119us);
  EXPECT_FALSE(done);
  EXPECT_EQ(disk.read("f").value(), content);  // already readable
  world.run_for(1us);
  EXPECT_TRUE(done);
  disk.power_cut();
  EXPECT_EQ(disk.read("f").value(), content);
  EXPECT_EQ(disk.counts().appends, 1u);
  EXPECT_EQ(disk.counts().syncs, 1u);
}

TEST_F(VirtualDiskTest, WhatWasWrittenButNotSyncedSurvivesAKillAndMayBeLostSectorBySector) {
  bool whole = false;
  bool nothing = false;
  bool mixed = false;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(disk.replace("f", {}, 1024));
    ASSERT_TRUE(append(0, bytes(1024, 1), Durability::os)->has_value());
    disk.kill();
    EXPECT_EQ(disk.read("f").value(), bytes(1024, 1));
    disk.power_cut();
    const auto left = disk.read("f").value();
    const bool first = left[0] == std::byte{1};
    const bool second = left[512] == std::byte{1};
    EXPECT_TRUE(std::ranges::all_of(left.begin(), left.begin() + 512,
                                    [&](auto byte) { return byte == left[0]; }));
    whole = whole || (first && second);
    nothing = nothing || (!first && !second);
    mixed = mixed || (!first && second);
  }
  EXPECT_TRUE(whole && nothing && mixed);
}

TEST_F(VirtualDiskTest, AKillLeavesTheAppendInFlightUpToAnyByteAndOftenASectorBoundary) {
  std::set<std::size_t> lengths;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(disk.replace("f", {}, 1536));
    ASSERT_TRUE(disk.open_for_appends("f"));
    const auto content = bytes(1200, 9);
    disk.append("f", 100, content, Durability::fsync, [](auto) { FAIL(); });
    world.run_for(10us);
    disk.kill();
    world.run_for(1s);
    const auto left = disk.read("f").value();
    lengths.insert(static_cast<std::size_t>(std::ranges::count(left, std::byte{9})));
  }
  for (const std::size_t boundary : {0u, 412u, 924u, 1200u})
    EXPECT_TRUE(lengths.contains(boundary));
  EXPECT_GT(lengths.size(), 4u);
}

TEST_F(VirtualDiskTest, AFailedAppendMayBeReadableAndStillBeLost) {
  bool lost = false;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(disk.replace("f", {}, 512));
    disk.fail_appends_after(1);
    EXPECT_TRUE(append(0, bytes(100, 1), Durability::fsync)->has_value());
    EXPECT_FALSE(append(100, bytes(100, 2), Durability::fsync)->has_value());
    EXPECT_EQ(disk.read("f").value()[150], std::byte{2});
    disk.power_cut();
    EXPECT_EQ(disk.read("f").value()[50], std::byte{1});
    lost = lost || disk.read("f").value()[150] == std::byte{0};
  }
  EXPECT_TRUE(lost);
}

TEST_F(VirtualDiskTest, APrepareIsAllOrNothingAndItsNameHoldsOnceItIsDone) {
  bool done = false;
  disk.prepare("f", bytes(2, 3), 4, [&](auto result) { done = result.has_value(); });
  EXPECT_FALSE(disk.exists("f"));
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_TRUE(done);
  disk.power_cut();
  EXPECT_EQ(disk.read("f").value().size(), 4u);
  disk.fail_prepares(true);
  disk.prepare("g", {}, 4, [&](auto result) { done = result.has_value(); });
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_FALSE(done);
  EXPECT_FALSE(disk.exists("g"));
}

TEST_F(VirtualDiskTest, ANameThatAKillLeftBehindMayVanishWithThePower) {
  bool seen = false;
  bool vanished = false;
  bool unfinished = false;
  for (int i = 0; i < 200; ++i) {
    disk.prepare("f", bytes(2, 3), 4, [](auto) { FAIL(); });
    disk.kill();
    const bool was_there = disk.exists("f");
    unfinished = unfinished || disk.exists("f.tmp");
    disk.power_cut();
    seen = seen || was_there;
    vanished = vanished || (was_there && !disk.exists("f"));
    for (const auto& name : disk.list().value()) ASSERT_TRUE(disk.remove(name));
    ASSERT_TRUE(disk.replace("other", {}, 1));  // syncs the directory
  }
  EXPECT_TRUE(seen && vanished && unfinished);
}

TEST_F(VirtualDiskTest, AStoppedReplaceLeavesTheOldFileOrTheNewOne) {
  std::set<int> left;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(disk.replace("f", bytes(4, 1), 4));
    disk.stop_in_replace_after(0);
    EXPECT_FALSE(disk.replace("f", bytes(4, 2), 4));
    disk.kill();
    const auto content = disk.read("f").value();
    EXPECT_TRUE(content == bytes(4, 1) || content == bytes(4, 2));
    left.insert(static_cast<int>(content[0]));
  }
  EXPECT_EQ(left, (std::set{1, 2}));
}

TEST_F(VirtualDiskTest, TheSameSeedLosesTheSameSectors) {
  const auto crash = [](std::uint64_t seed) {
    World world;
    SeededRandom random(seed);
    VirtualDisk disk(world, random);
    EXPECT_TRUE(disk.replace("f", {}, 16 * 512));
    EXPECT_TRUE(disk.open_for_appends("f"));
    const auto content = bytes(16 * 512, 1);
    disk.append("f", 0, content, Durability::fsync, [](auto) {});
    world.run_for(50us);
    disk.power_cut();
    return disk.read("f").value();
  };
  EXPECT_EQ(crash(5), crash(5));
  EXPECT_NE(crash(5), crash(6));
}

TEST_F(VirtualDiskTest, AMadeFileIsWholeOrNotThereWhateverHappens) {
  std::set<std::string> seen;
  for (int round = 0; round < 60; ++round) {
    disk.make(
        "sealed",
        [](platform::FileWriter& draft) {
          return draft.write(std::as_bytes(std::span("0123456789", 10)));
        },
        "", [](platform::DiskResult<void>) { FAIL() << "it died before"; });
    round % 2 == 0 ? disk.kill() : disk.power_cut();
    const auto names = disk.list().value();
    for (const auto& name : names) seen.insert(name);
    if (disk.exists("sealed")) {
      EXPECT_EQ(disk.content("sealed").size(), 10u);
      ASSERT_TRUE(disk.remove("sealed"));
    }
    for (const auto& name : names) {
      if (name == "sealed.tmp") ASSERT_TRUE(disk.remove(name));
    }
  }
  EXPECT_EQ(seen, (std::set<std::string>{"sealed", "sealed.tmp"}));
}

}  // namespace
}  // namespace payswitch::lab
