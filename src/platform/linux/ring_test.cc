#include "platform/linux/ring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

#include "platform/linux/file.h"

namespace payswitch::platform {
namespace {

struct alignas(4096) Blocks {
  std::array<std::byte, 4 * Ring::block_bytes> bytes;
};

// A file of zeros where tests may write; on a file system that a ring suits, or the test is
// skipped.
class RingTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = *open_directory(std::filesystem::temp_directory_path().string());
    name_ = "payswitch-ring-" + std::to_string(::getpid());
    const File zeros = *open_file(directory_, name_, O_RDWR | O_CREAT | O_TRUNC);
    ASSERT_TRUE(write_at(zeros, name_, 0, Bytes(16 * Ring::block_bytes)));
    ASSERT_TRUE(sync(zeros, name_, Sync::all));
    auto opened = open_file(directory_, name_, O_WRONLY | O_DIRECT);
    ring_ = Ring::make(context_);
    if (!ring_ || !opened || !Ring::suits(opened->get())) GTEST_SKIP() << "not offered here";
    file_ = *std::move(opened);
    blocks_.bytes.fill(std::byte{7});
  }
  void TearDown() override { ::unlinkat(directory_.get(), name_.c_str(), 0); }

  int write(int file, std::uint64_t offset, std::size_t blocks) {
    std::optional<int> result;
    ring_->write(file, offset, std::span(blocks_.bytes).first(blocks * Ring::block_bytes),
                 [&](int got) { result = got; });
    EXPECT_FALSE(result) << "completed before the loop ran";
    context_.restart();
    while (!result) context_.run_one();
    return *result;
  }

  boost::asio::io_context context_;
  File directory_;
  File file_;
  std::string name_;
  Blocks blocks_;
  std::unique_ptr<Ring> ring_;
};

TEST_F(RingTest, WhatIsWrittenIsReadBack) {
  EXPECT_EQ(write(file_.get(), 2 * Ring::block_bytes, 4), 4 * Ring::block_bytes);
  EXPECT_EQ(write(file_.get(), 8 * Ring::block_bytes, 1), Ring::block_bytes);
  const auto content = *read_whole(*open_file(directory_, name_, O_RDONLY), name_);
  ASSERT_EQ(content.size(), 16 * Ring::block_bytes);
  for (std::size_t i = 0; i < content.size(); ++i) {
    const auto block = i / Ring::block_bytes;
    const bool written = (block >= 2 && block < 6) || block == 8;
    ASSERT_EQ(content[i], std::byte{written ? std::uint8_t{7} : std::uint8_t{0}}) << i;
  }
}

TEST_F(RingTest, AFailedWriteSaysWhyAndTheNextOneIsNotHarmed) {
  EXPECT_EQ(write(directory_.get(), 0, 1), -EBADF);
  EXPECT_EQ(write(file_.get(), 0, 1), Ring::block_bytes);
}

TEST_F(RingTest, EndsOnlyWhenTheWriteUnderWayHasEnded) {
  bool called = false;
  ring_->write(file_.get(), 0, blocks_.bytes, [&](int) { called = true; });
  ring_.reset();
  EXPECT_FALSE(called);
  const auto content = *read_whole(*open_file(directory_, name_, O_RDONLY), name_);
  EXPECT_EQ(content[0], std::byte{7});
}

TEST(Ring, TakesWholeAlignedBlocksOnly) {
  const Blocks blocks{};
  const std::span all(blocks.bytes);
  EXPECT_TRUE(Ring::takes(0, all));
  EXPECT_TRUE(Ring::takes(4096 + 512, all.first(512)));
  EXPECT_FALSE(Ring::takes(48, all));
  EXPECT_FALSE(Ring::takes(0, all.first(511)));
  EXPECT_FALSE(Ring::takes(0, all.subspan(1).first(512)));
  EXPECT_FALSE(Ring::takes(0, {}));
}

TEST(Ring, DoesNotSuitWhatHasNoBlocks) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const File reading(ends[0]);
  const File writing(ends[1]);
  EXPECT_FALSE(Ring::suits(writing.get()));
}

}  // namespace
}  // namespace payswitch::platform
