#include "net/poller.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "testing/fixtures/http_world.h"

namespace payswitch::net {
namespace {

using http::Wire;

// One end of a pair of sockets, which writes down what the Poller does with it.
class Watched final : public Pollable {
 public:
  explicit Watched(Poller& poller) : poller_(poller) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    here_ = Wire{ends[0]};
    far = Wire{ends[1]};
    EXPECT_EQ(poller.add(ends[0], *this), 0);
  }
  ~Watched() { poller_.remove(*this); }

  using Pollable::is_ending;
  using Pollable::is_readable;
  using Pollable::is_writable;

  void resize(std::size_t size) { room_.resize(size); }
  void write(std::string_view bytes) {
    output_ = bytes;
    poller_.write_soon(*this);
  }

  std::string input() const {
    const auto size =
        reads.empty() || reads.back() < 0 ? 0 : static_cast<std::size_t>(reads.back());
    return room_.substr(0, size);
  }

  Wire far;
  int turns = 0;
  std::vector<int> reads;
  std::vector<int> writes;
  std::function<void()> on_turn;

 private:
  std::span<char> room() override { return room_; }
  void on_read(int result) override { reads.push_back(result); }
  void take_turn() override {
    ++turns;
    if (const auto call = on_turn) call();  // a copy, for this may be destroyed in it
  }
  std::string_view unsent() const override { return output_; }
  void on_write(int result) override { writes.push_back(result); }

  Poller& poller_;
  Wire here_;
  std::string room_;
  std::string output_;
};

class PollerTest : public testing::Test {
 protected:
  // Its first turn, in which it learns that it may write, is over.
  std::unique_ptr<Watched> watched(std::size_t room = 100) {
    auto one = std::make_unique<Watched>(poller);
    one->resize(room);
    loop.settle();
    one->turns = 0;
    return one;
  }

  http::TestLoop loop;
  Poller& poller = Poller::of(loop.context());
};

TEST_F(PollerTest, AllOfALoopShareOne) {
  EXPECT_EQ(&Poller::of(loop.context()), &poller);
}

TEST_F(PollerTest, ADescriptorThatTheKernelDoesNotTakeIsAnError) {
  class Deaf final : public Pollable {
    void take_turn() override {}
  } deaf;
  EXPECT_EQ(poller.add(-1, deaf), EBADF);
}

TEST_F(PollerTest, ANewDescriptorIsWritableAndNotReadable) {
  const auto one = watched();
  EXPECT_TRUE(one->is_writable());
  EXPECT_FALSE(one->is_readable());
}

TEST_F(PollerTest, BytesAreReadBeforeTheTurn) {
  const auto one = watched();
  std::string at_the_turn;
  one->on_turn = [&] { at_the_turn = one->input(); };
  one->far.send("abc");
  ASSERT_TRUE(loop.until([&] { return one->turns == 1; }));
  EXPECT_EQ(at_the_turn, "abc");
}

TEST_F(PollerTest, AllThatAreReadyAreReadBeforeTheFirstOfThemTakesItsTurn) {
  const auto one = watched();
  const auto other = watched();
  std::size_t reads = 0;
  one->on_turn = other->on_turn = [&] {
    if (reads == 0) reads = one->reads.size() + other->reads.size();
  };
  one->far.send("a");
  other->far.send("b");
  ASSERT_TRUE(loop.until([&] { return one->turns + other->turns == 2; }));
  EXPECT_EQ(reads, 2u);
}

TEST_F(PollerTest, AShortReadHasEmptiedTheSocket) {
  const auto one = watched();
  one->far.send("abc");
  ASSERT_TRUE(loop.until([&] { return one->turns == 1; }));
  EXPECT_FALSE(one->is_readable());
}

TEST_F(PollerTest, AReadThatFillsItsRoomMayHaveLeftBytes) {
  const auto one = watched(3);
  one->far.send("abc");
  ASSERT_TRUE(loop.until([&] { return one->turns == 1; }));
  EXPECT_TRUE(one->is_readable());
  poller.enqueue(*one);
  loop.settle();
  EXPECT_FALSE(one->is_readable()) << "the second read would have blocked";
  EXPECT_EQ(one->reads, (std::vector{3}));
}

TEST_F(PollerTest, AfterAShortReadTheEndIsStillToBeRead) {
  const auto one = watched();
  one->far.send("abc");
  one->far.close();
  ASSERT_TRUE(loop.until([&] { return one->turns == 1; }));
  EXPECT_TRUE(one->is_ending());
  EXPECT_TRUE(one->is_readable()) << "the kernel reports the end once";
  poller.enqueue(*one);
  loop.settle();
  EXPECT_EQ(one->reads, (std::vector{3, 0}));
}

TEST_F(PollerTest, WithoutRoomNothingIsReadUntilItIsEnqueued) {
  const auto one = watched(0);
  one->far.send("abc");
  ASSERT_TRUE(loop.until([&] { return one->turns == 1; }));
  EXPECT_TRUE(one->reads.empty());
  one->resize(100);
  loop.settle();
  EXPECT_EQ(one->turns, 1) << "an edge is reported once";
  poller.enqueue(*one);
  EXPECT_EQ(one->turns, 1) << "never from within the call";
  loop.settle();
  EXPECT_EQ(one->input(), "abc");
}

TEST_F(PollerTest, WhatIsEnqueuedDuringATurnHasItsTurnAfterTheOthers) {
  const auto greedy = watched();
  const auto modest = watched();
  std::string order;
  greedy->on_turn = [&] {
    order += 'g';
    if (greedy->turns < 3) poller.enqueue(*greedy);
  };
  modest->on_turn = [&] { order += 'm'; };
  poller.enqueue(*greedy);
  poller.enqueue(*modest);
  loop.settle();
  EXPECT_EQ(order, "gmgg");
}

TEST_F(PollerTest, OfTwoThatRemoveEachOtherOnlyTheFirstTakesItsTurn) {
  auto one = watched();
  auto other = watched();
  int turns = 0;
  one->on_turn = [&] {
    ++turns;
    other.reset();
  };
  other->on_turn = [&] {
    ++turns;
    one.reset();
  };
  one->far.send("a");
  other->far.send("b");
  loop.settle();
  EXPECT_EQ(turns, 1);
}

TEST_F(PollerTest, OneThatIsDestroyedInItsOwnTurnIsNotTouchedAgain) {
  auto one = watched();
  const auto other = watched();
  one->on_turn = [&] { one.reset(); };
  one->far.send("a");
  ASSERT_TRUE(loop.until([&] { return one == nullptr; }));
  other->far.send("b");
  EXPECT_TRUE(loop.until([&] { return other->turns == 1; }));
}

// -- looking again ------------------------------------------------------------------------------

TEST_F(PollerTest, LookingAgainLearnsAtOnceWhatHasComeAndTheTurnIsLater) {
  const auto one = watched();
  one->far.send("abc");
  poller.look_again();
  EXPECT_TRUE(one->is_readable());
  EXPECT_EQ(one->turns, 0);
  EXPECT_TRUE(loop.until([&] { return one->turns == 1; }));
}

TEST_F(PollerTest, TheSecondLookInATurnIsSaved) {
  const auto one = watched();
  poller.look_again();
  one->far.send("abc");
  poller.look_again();
  EXPECT_FALSE(one->is_readable());
  loop.settle();
  EXPECT_EQ(one->turns, 1);
}

TEST_F(PollerTest, LookingAgainLearnsOfMoreThanATurnTakes) {
  std::vector<std::unique_ptr<Watched>> all;
  for (int i = 0; i < 257; ++i) all.push_back(watched());
  for (const auto& one : all) one->far.send("a");
  poller.look_again();
  for (const auto& one : all) EXPECT_TRUE(one->is_readable());
}

TEST_F(PollerTest, WhatComesBetweenItsReadAndItsTurnIsReadInTheNextTurn) {
  const auto first = watched();
  const auto second = watched();
  first->on_turn = [&] {
    if (first->turns > 1) return;
    second->far.send("def");
    poller.look_again();
  };
  first->far.send("x");
  second->far.send("abc");
  poller.look_again();  // so both are read, and then take their turns in this order
  loop.settle();
  int sum = 0;
  for (const int bytes : second->reads) sum += bytes;
  EXPECT_EQ(sum, 6);
}

TEST_F(PollerTest, MoreThanATurnTakesAllHaveTheirTurn) {
  std::vector<std::unique_ptr<Watched>> all;
  for (int i = 0; i < 257; ++i) all.push_back(watched());
  for (const auto& one : all) one->far.send("a");
  loop.settle();
  for (const auto& one : all) EXPECT_EQ(one->turns, 1);
}

// -- writes -------------------------------------------------------------------------------------

TEST_F(PollerTest, WritesGoOutAtTheEndOfTheTurn) {
  const auto one = watched();
  one->write("abc");
  EXPECT_EQ(one->far.take(), "");
  loop.settle();
  EXPECT_EQ(one->far.take(), "abc");
  EXPECT_EQ(one->writes, (std::vector{3}));
}

TEST_F(PollerTest, AWriteThatWouldBlockWaitsUntilTheKernelHasRoom) {
  const auto one = watched();
  const std::string much(8 << 20, 'x');
  one->write(much);
  loop.settle();
  ASSERT_EQ(one->writes.size(), 1u) << "the kernel has taken a part";
  one->write("rest");
  loop.settle();
  EXPECT_FALSE(one->is_writable());
  EXPECT_EQ(one->writes.size(), 1u);
  ASSERT_TRUE(loop.until([&] {
    one->far.take();
    return one->writes.size() == 2;
  }));
  EXPECT_EQ(one->writes.back(), 4);
}

TEST_F(PollerTest, AWriteThatFailsLeavesTheErrorToBeRead) {
  const auto one = watched();
  one->far.close();
  one->write("abc");
  ASSERT_TRUE(loop.until([&] { return one->writes.size() == 1 && one->reads.size() == 1; }));
  EXPECT_EQ(one->writes.front(), -EPIPE);
  EXPECT_EQ(one->reads.front(), 0);
}

TEST_F(PollerTest, OneThatIsRemovedBeforeItsWriteIsLeftOut) {
  auto one = watched();
  const auto other = watched();
  one->write("abc");
  other->write("def");
  Wire far = std::move(one->far);
  one.reset();
  loop.settle();
  EXPECT_EQ(far.take(), "");
  EXPECT_EQ(other->far.take(), "def");
}

}  // namespace
}  // namespace payswitch::net
