#include "net/socket.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/poller.h"
#include "testing/fixtures/http_world.h"

namespace payswitch::http {
namespace {

using Status = Socket::Status;

// A connected socket of ours, and what the far end of it does.
struct End final : SocketOwner {
  explicit End(Poller& poller) {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()), 0);
    EXPECT_EQ(socket.open(poller, pair[0], *this), 0);
    far = Wire{pair[1]};
  }

  void on_ready() override {
    ++calls;
    if (const auto call = then) call();  // a copy: this end may go meanwhile
  }

  std::span<char> room() override { return buffer; }

  std::string_view unsent() const override { return std::string_view{output}.substr(written); }
  void on_written(std::size_t bytes) override {
    written += bytes;
    if (then_written) then_written();
    if (socket.is_open() && !unsent().empty()) socket.write_soon();
  }
  void on_write_failed() override { ++write_failures; }

  std::string read(std::size_t most = 100) {
    std::string room(most, '\0');
    const auto got = socket.read(room);
    room.resize(got.bytes);
    last = got.status;
    return room;
  }

  Socket socket;
  Wire far;
  int calls = 0;
  std::function<void()> then;
  std::string buffer;  // for what is read ahead
  std::string output;
  std::size_t written = 0;
  int write_failures = 0;
  std::function<void()> then_written;
  Status last = Status::done;
};

struct Sockets : testing::Test {
  std::unique_ptr<End> opened() {
    auto end = std::make_unique<End>(poller);
    loop.settle();  // there is room to write, it is told
    end->calls = 0;
    return end;
  }

  // Of two that are ready in one turn, have so much room, and close each other.
  void expect_only_one_to_be_called(std::size_t room) {
    const auto first = opened();
    const auto second = opened();
    for (End* end : {first.get(), second.get()}) end->buffer.resize(room);
    first->then = [&] { second->socket.close(); };
    second->then = [&] { first->socket.close(); };
    first->far.send("a");
    second->far.send("b");
    ASSERT_TRUE(loop.until([&] { return first->calls + second->calls > 0; }));
    loop.settle();
    EXPECT_EQ(first->calls + second->calls, 1);
  }

  TestLoop loop;
  Poller& poller = Poller::of(loop.context());
};

TEST_F(Sockets, AllOfALoopShareOnePoller) {
  EXPECT_EQ(&Poller::of(loop.context()), &poller);
}

TEST_F(Sockets, WhatComesIsTold) {
  const auto end = opened();
  EXPECT_FALSE(end->socket.is_readable());
  end->far.send("abc");
  ASSERT_TRUE(loop.until([&] { return end->calls == 1; }));
  EXPECT_EQ(end->read(), "abc");
  EXPECT_FALSE(end->socket.is_readable()) << "a short read has emptied it";
}

TEST_F(Sockets, AReadThatFillsItsRoomMayHaveLeftSomething) {
  const auto end = opened();
  end->far.send("abc");
  ASSERT_TRUE(loop.until([&] { return end->calls == 1; }));
  EXPECT_EQ(end->read(3), "abc");
  EXPECT_TRUE(end->socket.is_readable());
  EXPECT_EQ(end->socket.peek(), Status::blocked);
  EXPECT_FALSE(end->socket.is_readable()) << "nothing was left";
}

TEST_F(Sockets, WhatWasLeftIsReadLaterWithoutBeingToldAgain) {
  const auto end = opened();
  end->far.send("abcdef");
  ASSERT_TRUE(loop.until([&] { return end->calls == 1; }));
  EXPECT_EQ(end->read(3), "abc");
  loop.settle();
  EXPECT_EQ(end->calls, 1);
  end->socket.be_ready_again();
  EXPECT_EQ(end->calls, 1) << "never from within the call";
  ASSERT_TRUE(loop.until([&] { return end->calls == 2; }));
  EXPECT_EQ(end->read(), "def");
}

TEST_F(Sockets, TheEndBehindTheLastBytesIsFoundAfterAShortRead) {
  const auto end = opened();
  end->far.send("abc");
  end->far.close();
  ASSERT_TRUE(loop.until([&] { return end->calls == 1; }));
  EXPECT_EQ(end->read(), "abc");
  EXPECT_TRUE(end->socket.is_readable()) << "the end was told together with the bytes, once";
  end->read();
  EXPECT_EQ(end->last, Status::ended);
}

TEST_F(Sockets, WhatIsToBeWrittenIsAskedForAtTheEndOfTheTurn) {
  const auto end = opened();
  end->output = "abc";
  end->socket.write_soon();
  end->output += "def";
  EXPECT_EQ(end->far.take(), "");
  loop.settle();
  EXPECT_EQ(end->far.take(), "abcdef");
  EXPECT_EQ(end->written, 6u);
}

TEST_F(Sockets, WhatTheKernelDoesNotTakeIsWrittenWhenTheFarEndHasRead) {
  const auto end = opened();
  const std::string much(1 << 20, 'x');
  end->output = much;
  end->socket.write_soon();
  loop.settle();
  EXPECT_LT(end->written, much.size());
  std::string taken;
  ASSERT_TRUE(loop.until([&] { return (taken += end->far.take()).size() == much.size(); }));
  EXPECT_EQ(end->written, much.size());
  EXPECT_EQ(taken, much);
}

TEST_F(Sockets, AWriteToOneThatIsGoneFailsAndLeavesTheErrorToBeRead) {
  const auto end = opened();
  end->far.close();
  end->output = "abc";
  end->socket.write_soon();
  ASSERT_TRUE(loop.until([&] { return end->write_failures == 1; }));
  EXPECT_TRUE(end->socket.is_readable());
  end->read();
  EXPECT_EQ(end->last, Status::ended);
}

TEST_F(Sockets, WhatHasComeIsReadIntoTheOwnersRoomBeforeItIsCalled) {
  const auto end = opened();
  const auto other = opened();
  end->buffer.resize(100);
  other->buffer.resize(2);
  end->far.send("abc");
  other->far.send("defg");
  ASSERT_TRUE(loop.until([&] { return end->calls == 1 && other->calls == 1; }));
  EXPECT_TRUE(end->socket.has_read());
  EXPECT_EQ(end->socket.peek(), Status::done);
  EXPECT_EQ(end->buffer.substr(0, 3), "abc");
  EXPECT_EQ(end->socket.read(end->buffer).bytes, 3u);
  EXPECT_FALSE(end->socket.is_readable());
  EXPECT_EQ(other->socket.read(other->buffer).bytes, 2u);
  EXPECT_EQ(other->buffer, "de");
  EXPECT_TRUE(other->socket.is_readable()) << "its room was filled: there may be more";
  EXPECT_EQ(other->socket.read(other->buffer).bytes, 2u);
  EXPECT_EQ(other->buffer, "fg");
}

TEST_F(Sockets, AnEndThatWasReadAheadIsTold) {
  const auto end = opened();
  end->buffer.resize(100);
  end->far.close();
  ASSERT_TRUE(loop.until([&] { return end->calls == 1; }));
  EXPECT_EQ(end->socket.read(end->buffer).status, Status::ended);
}

TEST_F(Sockets, OneThatIsClosedByAnotherBeforeItsBytesAreTakenIsNotCalled) {
  expect_only_one_to_be_called(100);
}

TEST_F(Sockets, OneThatIsClosedBeforeItsTurnToWriteIsLeftOut) {
  const auto first = opened();
  const auto second = opened();
  for (End* end : {first.get(), second.get()}) {
    end->output = "abc";
    end->socket.write_soon();
  }
  first->socket.close();
  loop.settle();
  EXPECT_EQ(first->far.take(), "");
  EXPECT_EQ(second->far.take(), "abc");
}

TEST_F(Sockets, OneThatIsClosedWhileTheOthersAreToldIsNotTold) {
  const auto first = opened();
  const auto second = opened();
  first->then_written = [&] { second->socket.close(); };
  second->then_written = [&] { first->socket.close(); };
  for (End* end : {first.get(), second.get()}) {
    end->output = "abc";
    end->socket.write_soon();
  }
  loop.settle();
  EXPECT_EQ(first->written + second->written, 3u);
}

TEST_F(Sockets, OneThatIsClosedByAnotherInTheSameTurnIsNotCalled) {
  expect_only_one_to_be_called(0);
}

TEST_F(Sockets, OneThatGoesWithItsSocketInItsOwnCallIsNotTouchedAgain) {
  auto end = opened();
  bool is_gone = false;
  end->then = [&] {
    end.reset();
    is_gone = true;
  };
  const auto other = opened();
  end->far.send("a");
  EXPECT_TRUE(loop.until([&] { return is_gone; }));
  other->far.send("b");
  EXPECT_TRUE(loop.until([&] { return other->calls == 1; }));
}

TEST_F(Sockets, LookingAgainLearnsAtOnceWhatHasComeAndTellsItsOwnerLater) {
  const auto end = opened();
  end->far.send("abc");
  poller.look_again();
  EXPECT_TRUE(end->socket.is_readable());
  EXPECT_EQ(end->calls, 0);
  EXPECT_TRUE(loop.until([&] { return end->calls == 1; }));
}

TEST_F(Sockets, TheSecondLookInATurnAsksNobody) {
  const auto end = opened();
  poller.look_again();
  end->far.send("abc");
  poller.look_again();
  EXPECT_FALSE(end->socket.is_readable());
  loop.settle();
  EXPECT_EQ(end->calls, 1);
}

TEST_F(Sockets, LookingAgainLearnsOfMoreThanATurnTakes) {
  std::vector<std::unique_ptr<End>> ends;
  for (int i = 0; i < 257; ++i) ends.push_back(opened());
  for (const auto& end : ends) end->far.send("a");
  poller.look_again();
  for (const auto& end : ends) EXPECT_TRUE(end->socket.is_readable());
}

TEST_F(Sockets, MoreThanATurnTakesAreAllTold) {
  std::vector<std::unique_ptr<End>> ends;
  for (int i = 0; i < 257; ++i) ends.push_back(opened());
  for (const auto& end : ends) end->far.send("a");
  loop.settle();
  for (const auto& end : ends) EXPECT_EQ(end->calls, 1);
}

}  // namespace
}  // namespace payswitch::http
