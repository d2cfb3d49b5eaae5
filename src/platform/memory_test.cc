#include "platform/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

namespace payswitch::platform {
namespace {

constexpr std::uint64_t mebibyte = 1ull << 20;

TEST(MemoryLimitTest, TheSmallestOfWhatBoundsItCounts) {
  MemoryFacts facts{.physical = 8'000 * mebibyte, .cgroup = {}, .address_space = {}, .data = {}};
  EXPECT_EQ(to_string(memory_limit(facts)), "8000 MiB of memory (of this machine)");
  facts.address_space = 4'000 * mebibyte;
  EXPECT_EQ(to_string(memory_limit(facts)), "4000 MiB of memory (RLIMIT_AS)");
  facts.cgroup = 320 * mebibyte;
  EXPECT_EQ(to_string(memory_limit(facts)), "320 MiB of memory (cgroup)");
  facts.data = 64 * mebibyte;
  EXPECT_EQ(to_string(memory_limit(facts)), "64 MiB of memory (RLIMIT_DATA)");
}

TEST(MemoryLimitTest, ACgroupThatAllowsMoreThanThereIsBoundsNothing) {
  const auto limit = memory_limit(
      {.physical = 100, .cgroup = 9'223'372'036'854'771'712ull, .address_space = {}, .data = {}});
  EXPECT_EQ(limit.bytes, 100u);
  EXPECT_EQ(limit.source, "of this machine");
}

// A tree of files that looks like /proc and /sys.
class CgroupTest : public testing::Test {
 protected:
  CgroupTest() {
    std::string name = testing::TempDir() + "cgroups-XXXXXX";
    root_ = mkdtemp(name.data());
  }
  ~CgroupTest() override { std::filesystem::remove_all(root_); }

  void write(const std::filesystem::path& file, std::string_view text) const {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text << '\n';
  }
  void we_are_in(std::string_view lines) const { write("proc/self/cgroup", lines); }
  auto limit() const { return cgroup_memory_limit(root_); }

  std::filesystem::path root_;
};

TEST_F(CgroupTest, TheSmallestOfOurGroupAndThoseAboveItCounts) {
  we_are_in("0::/shop/switch");
  write("sys/fs/cgroup/shop/switch/memory.max", "max");
  EXPECT_EQ(limit(), std::nullopt);
  write("sys/fs/cgroup/shop/memory.max", "335544320");
  EXPECT_EQ(limit(), 335'544'320u);
  write("sys/fs/cgroup/shop/switch/memory.max", "104857600");
  EXPECT_EQ(limit(), 104'857'600u);
  write("sys/fs/cgroup/shop/other/memory.max", "1");
  EXPECT_EQ(limit(), 104'857'600u) << "that is not above us";
}

TEST_F(CgroupTest, AContainerThatSeesItsGroupAsTheRootIsBoundByIt) {
  we_are_in("0::/");
  write("sys/fs/cgroup/memory.max", "1048576");
  EXPECT_EQ(limit(), 1'048'576u);
  we_are_in("0::/docker/of-which-nothing-is-mounted-here");
  EXPECT_EQ(limit(), 1'048'576u);
}

TEST_F(CgroupTest, InVersionOneTheMemoryControllerCounts) {
  we_are_in("9:name=systemd:/a\n5:cpu,cpuacct:/b\n4:hugetlb,memory:/c/d\n0::/");
  write("sys/fs/cgroup/memory/b/memory.limit_in_bytes", "1");
  write("sys/fs/cgroup/memory/c/memory.limit_in_bytes", "4096");
  write("sys/fs/cgroup/memory/c/d/memory.limit_in_bytes", "9223372036854771712");
  EXPECT_EQ(limit(), 4'096u);
}

TEST_F(CgroupTest, WhatIsMissingOrNoNumberBoundsNothing) {
  EXPECT_EQ(limit(), std::nullopt);
  we_are_in("no colons\n:one\n0::/a");
  EXPECT_EQ(limit(), std::nullopt);
  for (const char* text : {"", "12x", "-1", "99999999999999999999999"}) {
    write("sys/fs/cgroup/a/memory.max", text);
    EXPECT_EQ(limit(), std::nullopt) << text;
  }
}

TEST(MemoryFactsTest, ThisMachineHasMemory) {
  const auto facts = read_memory_facts();
  EXPECT_GT(facts.physical, 64 * mebibyte);
  EXPECT_GT(memory_limit(facts).bytes, 0u);
  EXPECT_LE(memory_limit(facts).bytes, facts.physical);
}

}  // namespace
}  // namespace payswitch::platform
