#include "platform/linux/log_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

namespace payswitch::platform {
namespace {

using namespace std::chrono_literals;

std::string say_dropped(std::uint64_t lines) {
  return fmt::format("{} lines were dropped\n", lines);
}

// A pipe whose reader is the test.
class LogPipe : public testing::Test {
 protected:
  LogPipe() {
    ::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
  }
  ~LogPipe() override {
    close_reader();
    ::close(ends_[1]);
  }

  int writing_end() const { return ends_[1]; }
  void close_reader() {
    if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
  }

  std::string read_some() {
    std::string text(1 << 16, '\0');
    text.resize(
        static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends_[0], text.data(), text.size()))));
    return text;
  }
  std::string read_up_to(std::string_view end) {
    std::string all;
    while (!all.ends_with(end)) all += read_some();
    return all;
  }

  // One line that the pipe has no room for, and lines until there is no room for one more.
  void stall(LogWriter& writer) {
    writer.write(std::string((1 << 20) - 1, 'x') + "\n");
    while (writer.dropped() == 0) writer.write("x\n");
  }

  std::array<int, 2> ends_{-1, -1};
};

TEST_F(LogPipe, LinesComeOutInOrder) {
  LogWriter writer(writing_end(), {}, say_dropped);
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string line = fmt::format("line {}\n", i);
    writer.write(line);
    all += line;
  }
  EXPECT_TRUE(writer.flush());
  EXPECT_EQ(read_up_to("line 99\n"), all);
  EXPECT_EQ(writer.dropped(), 0u);
}

TEST_F(LogPipe, WhatIsWrittenBeforeTheEndComesOut) {
  {
    LogWriter(writing_end(), {}, say_dropped).write("the last line\n");
  }
  EXPECT_EQ(read_some(), "the last line\n");
}

TEST_F(LogPipe, AReaderThatStallsHoldsNobodyUpAndOneLineBeyondTheMostIsDropped) {
  LogWriter writer(writing_end(), {.max_lines = 200, .max_bytes = 10 << 20}, say_dropped);
  stall(writer);
  EXPECT_EQ(writer.dropped(), 1u);
  writer.write("one more\n");
  EXPECT_EQ(writer.dropped(), 2u);
  EXPECT_FALSE(writer.flush(1ms));
}

TEST_F(LogPipe, TheBytesThatWaitAreBoundedToo) {
  LogWriter writer(writing_end(), {.max_lines = 1'000'000, .max_bytes = 1 << 20}, say_dropped);
  const std::string line = std::string((1 << 19) - 1, 'x') + "\n";
  writer.write(line);  // stuck in the pipe, and counts until it is out
  writer.write(line);
  EXPECT_EQ(writer.dropped(), 0u);
  writer.write("x\n");
  EXPECT_EQ(writer.dropped(), 1u);
}

TEST_F(LogPipe, WhenTheReaderGoesOnALineSaysHowManyAreMissing) {
  LogWriter writer(writing_end(), {.max_lines = 200, .max_bytes = 10 << 20}, say_dropped);
  stall(writer);
  writer.write("lost\n");
  EXPECT_THAT(read_up_to(" lines were dropped\n"), testing::EndsWith("x\n2 lines were dropped\n"));
  writer.write("and on\n");
  EXPECT_EQ(read_some(), "and on\n");
  EXPECT_EQ(writer.dropped(), 2u) << "the line about them was none of them";
}

TEST_F(LogPipe, TheEndDoesNotWaitForAReaderThatStalls) {
  const auto begun = std::chrono::steady_clock::now();
  {
    LogWriter writer(writing_end(), {.max_lines = 200, .max_bytes = 10 << 20}, say_dropped);
    stall(writer);
  }
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_LT(took, LogWriter::patience + 2s);
  close_reader();  // lets go of the thread
}

TEST_F(LogPipe, WithoutAReaderLinesAreDroppedAndCounted) {
  LogWriter writer(writing_end(), {}, say_dropped);
  close_reader();
  for (const std::uint64_t lines : {1u, 2u, 3u}) {
    writer.write("to nobody\n");
    EXPECT_TRUE(writer.flush());
    EXPECT_EQ(writer.dropped(), lines) << "lines about lines do not count";
  }
}

}  // namespace
}  // namespace payswitch::platform
