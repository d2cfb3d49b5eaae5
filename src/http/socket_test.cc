#include "http/socket.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/poller.h"
#include "http/test_world.h"

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
  Status last = Status::done;
};

struct Sockets : testing::Test {
  std::unique_ptr<End> opened() {
    auto end = std::make_unique<End>(poller);
    loop.settle();  // there is room to write, it is told
    end->calls = 0;
    return end;
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

TEST_F(Sockets, RoomToWriteIsToldWhenTheFarEndHasRead) {
  const auto end = opened();
  const std::string much(1 << 20, 'x');
  while (end->socket.write(much).status == Status::done) {
  }
  EXPECT_FALSE(end->socket.is_writable());
  loop.settle();
  end->calls = 0;
  EXPECT_TRUE(loop.until([&] { return end->far.take().empty(); }));
  ASSERT_TRUE(loop.until([&] { return end->calls > 0; }));
  EXPECT_TRUE(end->socket.is_writable());
}

TEST_F(Sockets, AWriteToOneThatIsGoneFailsAndLeavesTheErrorToBeRead) {
  const auto end = opened();
  end->far.close();
  EXPECT_EQ(end->socket.write("abc").status, Status::failed);
  EXPECT_TRUE(end->socket.is_readable());
  end->read();
  EXPECT_EQ(end->last, Status::ended);
}

TEST_F(Sockets, OneThatIsClosedByAnotherInTheSameTurnIsNotCalled) {
  const auto first = opened();
  const auto second = opened();
  first->then = [&] { second->socket.close(); };
  second->then = [&] { first->socket.close(); };
  first->far.send("a");
  second->far.send("b");
  ASSERT_TRUE(loop.until([&] { return first->calls + second->calls > 0; }));
  loop.settle();
  EXPECT_EQ(first->calls + second->calls, 1);
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
