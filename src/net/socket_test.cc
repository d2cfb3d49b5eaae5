#include "net/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/poller.h"
#include "testing/fixtures/http_world.h"

namespace payswitch::net {
namespace {

using http::Wire;
using http::WireListener;
using testing::ElementsAre;
using testing::IsEmpty;
using State = Input::State;

std::string_view to_string(State state) {
  constexpr std::array<std::string_view, 4> names{"open", "ending", "ended", "broken"};
  return names[static_cast<std::size_t>(state)];
}

// Writes down what a socket reports: "abc open" is three bytes with more to come, "turn" a turn
// that was asked for.
struct Owner final : SocketOwner {
  void on_connected(int error) override { report("connected " + std::to_string(error)); }
  std::span<char> room() override { return buffer; }
  void on_input(Input input) override {
    const std::string bytes = buffer.substr(0, input.bytes);
    report(bytes + (bytes.empty() ? "" : " ") + std::string{to_string(input.state)});
  }
  std::string_view unsent() const override { return std::string_view{output}.substr(sent); }
  void on_sent(std::size_t bytes) override {
    sent += bytes;
    if (then_sent) then_sent();
    if (socket.is_open() && !unsent().empty()) socket.write_soon();
  }
  void on_send_failed() override { report("send failed"); }
  void on_turn() override { report("turn"); }

  void report(const std::string& what) {
    reports.push_back(what);
    if (const auto call = then) call();  // a copy, for this may be destroyed in it
  }

  std::string buffer = std::string(100, '\0');
  std::string output;
  std::size_t sent = 0;
  std::vector<std::string> reports;
  std::function<void()> then;
  std::function<void()> then_sent;
  Socket socket;
};

// A connected socket, its owner, and its far end.
struct End {
  Owner owner;
  Wire far;

  Socket& socket() { return owner.socket; }
  void write(std::string_view bytes) {
    owner.output += bytes;
    socket().write_soon();
  }
};

class SocketTest : public testing::Test {
 protected:
  std::unique_ptr<End> opened() {
    auto end = std::make_unique<End>();
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()), 0);
    EXPECT_EQ(end->socket().open(poller, pair[0], end->owner), 0);
    end->far = Wire{pair[1]};
    loop.settle();
    return end;
  }

  [[nodiscard]] bool reports(End& end, std::size_t count) {
    return loop.until([&] { return end.owner.reports.size() >= count; });
  }

  // The errno of an attempt to connect to that port.
  int connect(Owner& owner, std::uint16_t port) {
    const sockaddr_in address = Wire::loopback(port);
    return owner.socket.connect(poller, reinterpret_cast<const sockaddr&>(address), sizeof address,
                                owner);
  }

  http::TestLoop loop;
  Poller& poller = Poller::of(loop.context());
};

// -- input --------------------------------------------------------------------------------------

TEST_F(SocketTest, NothingIsReportedWhileNothingComes) {
  const auto end = opened();
  EXPECT_THAT(end->owner.reports, IsEmpty());
  EXPECT_TRUE(end->socket().is_quiet());
}

TEST_F(SocketTest, WhatComesIsReported) {
  const auto end = opened();
  end->far.send("abc");
  ASSERT_TRUE(reports(*end, 1));
  end->far.send("de");
  ASSERT_TRUE(reports(*end, 2));
  EXPECT_THAT(end->owner.reports, ElementsAre("abc open", "de open"));
}

TEST_F(SocketTest, MoreThanTheRoomHoldsComesInTheNextTurns) {
  const auto end = opened();
  end->owner.buffer.resize(3);
  end->far.send("abcdefgh");
  ASSERT_TRUE(reports(*end, 3));
  EXPECT_THAT(end->owner.reports, ElementsAre("abc open", "def open", "gh open"));
}

TEST_F(SocketTest, WithoutRoomNothingIsReadUntilReadingIsResumed) {
  const auto end = opened();
  end->owner.buffer.clear();
  end->far.send("abc");
  loop.settle();
  EXPECT_THAT(end->owner.reports, IsEmpty());
  end->owner.buffer.resize(100);
  end->socket().resume_reading();
  EXPECT_THAT(end->owner.reports, IsEmpty()) << "never from within the call";
  ASSERT_TRUE(reports(*end, 1));
  EXPECT_THAT(end->owner.reports, ElementsAre("abc open"));
}

TEST_F(SocketTest, TheLastBytesAreReportedAndThenTheEndOnce) {
  const auto end = opened();
  end->far.send("abc");
  end->far.close();
  ASSERT_TRUE(reports(*end, 2));
  end->socket().resume_reading();
  loop.settle();
  EXPECT_THAT(end->owner.reports, ElementsAre("abc ending", "ended"));
  EXPECT_FALSE(end->socket().is_quiet());
}

TEST_F(SocketTest, TheEndIsAnnouncedAlthoughThereIsNoRoomForWhatComesBeforeIt) {
  const auto end = opened();
  end->owner.buffer.clear();
  end->far.send("abc");
  end->far.end_sending();
  ASSERT_TRUE(reports(*end, 1));
  end->owner.buffer.resize(100);
  end->socket().resume_reading();
  ASSERT_TRUE(reports(*end, 3));
  EXPECT_THAT(end->owner.reports, ElementsAre("ending", "abc ending", "ended"));
}

TEST_F(SocketTest, AResetIsReportedAsBroken) {
  WireListener listener;
  Owner owner;
  ASSERT_EQ(connect(owner, listener.port()), 0);
  ASSERT_TRUE(loop.until([&] { return owner.reports.size() == 1; }));
  listener.accept().abort();
  ASSERT_TRUE(loop.until([&] { return owner.reports.size() == 2; }));
  EXPECT_THAT(owner.reports, ElementsAre("connected 0", "broken"));
}

TEST_F(SocketTest, OfTwoThatCloseEachOtherOnlyTheFirstReports) {
  const auto one = opened();
  const auto other = opened();
  one->owner.then = [&] { other->socket().close(); };
  other->owner.then = [&] { one->socket().close(); };
  one->far.send("a");
  other->far.send("b");
  loop.settle();
  EXPECT_EQ(one->owner.reports.size() + other->owner.reports.size(), 1u);
}

TEST_F(SocketTest, AnOwnerMayDestroyItWhenBytesComeAndMoreWouldFollow) {
  auto end = opened();
  end->owner.buffer.resize(1);
  end->owner.then = [&] { end.reset(); };
  end->far.send("abc");
  EXPECT_TRUE(loop.until([&] { return end == nullptr; }));
  loop.settle();
}

// -- is it quiet? -------------------------------------------------------------------------------

TEST_F(SocketTest, ItIsNotQuietOnceBytesWaitUnread) {
  const auto end = opened();
  end->owner.buffer.clear();
  end->far.send("abc");
  poller.look_again();
  EXPECT_FALSE(end->socket().is_quiet());
}

TEST_F(SocketTest, ItIsNotQuietWhenBytesWereReadAndNotReportedYet) {
  const auto first = opened();
  const auto second = opened();
  bool was_quiet = true;
  first->owner.then = [&] { was_quiet = second->socket().is_quiet(); };
  first->far.send("a");
  second->far.send("b");
  ASSERT_TRUE(reports(*first, 1));
  EXPECT_FALSE(was_quiet);
}

TEST_F(SocketTest, ItIsQuietWhenAFullRoomWasAllThatCame) {
  const auto end = opened();
  end->owner.buffer.resize(3);
  bool was_quiet = false;
  end->owner.then = [&] { was_quiet = end->socket().is_quiet(); };
  end->far.send("abc");
  ASSERT_TRUE(reports(*end, 1));
  EXPECT_TRUE(was_quiet);
}

// -- output -------------------------------------------------------------------------------------

TEST_F(SocketTest, TheOwnerIsAskedForItsBytesAtTheEndOfTheTurn) {
  const auto end = opened();
  end->write("abc");
  end->owner.output += "def";
  EXPECT_EQ(end->far.take(), "");
  loop.settle();
  EXPECT_EQ(end->far.take(), "abcdef");
  EXPECT_EQ(end->owner.sent, 6u);
}

TEST_F(SocketTest, WhatTheKernelDoesNotTakeIsWrittenWhenTheFarEndHasRead) {
  const auto end = opened();
  const std::string much(1 << 20, 'x');
  end->write(much);
  loop.settle();
  EXPECT_LT(end->owner.sent, much.size());
  std::string taken;
  ASSERT_TRUE(loop.until([&] { return (taken += end->far.take()).size() == much.size(); }));
  EXPECT_EQ(end->owner.sent, much.size());
  EXPECT_EQ(taken, much);
}

TEST_F(SocketTest, AWriteThatFailsIsReportedAndThenTheInputEnds) {
  const auto end = opened();
  end->far.close();
  end->write("abc");
  ASSERT_TRUE(loop.until([&] {
    return std::ranges::count(end->owner.reports, "send failed") == 1 &&
           std::ranges::count(end->owner.reports, "ended") == 1;
  }));
}

TEST_F(SocketTest, OneThatIsClosedBeforeItsTurnToWriteIsLeftOut) {
  const auto one = opened();
  const auto other = opened();
  one->write("abc");
  other->write("abc");
  one->socket().close();
  loop.settle();
  EXPECT_EQ(one->far.take(), "");
  EXPECT_EQ(other->far.take(), "abc");
}

TEST_F(SocketTest, OfTwoThatCloseEachOtherWhenTheyHaveSentOnlyTheFirstReports) {
  const auto one = opened();
  const auto other = opened();
  one->owner.then_sent = [&] { other->socket().close(); };
  other->owner.then_sent = [&] { one->socket().close(); };
  one->write("abc");
  other->write("abc");
  loop.settle();
  EXPECT_EQ(one->owner.sent + other->owner.sent, 3u);
}

// -- turns --------------------------------------------------------------------------------------

TEST_F(SocketTest, ATurnThatWasAskedForComesOnce) {
  const auto end = opened();
  end->socket().call_back();
  EXPECT_THAT(end->owner.reports, IsEmpty()) << "never from within the call";
  loop.settle();
  EXPECT_THAT(end->owner.reports, ElementsAre("turn"));
}

TEST_F(SocketTest, ATurnThatWasAskedForComesAfterInputThatIsThereAlready) {
  const auto end = opened();
  end->far.send("abc");
  poller.look_again();
  end->socket().call_back();
  loop.settle();
  EXPECT_THAT(end->owner.reports, ElementsAre("abc open", "turn"));
}

// -- connecting ---------------------------------------------------------------------------------

TEST_F(SocketTest, AConnectionIsReportedOnceItIsMade) {
  WireListener listener;
  Owner owner;
  ASSERT_EQ(connect(owner, listener.port()), 0);
  EXPECT_THAT(owner.reports, IsEmpty());
  ASSERT_TRUE(loop.until([&] { return !owner.reports.empty(); }));
  EXPECT_THAT(owner.reports, ElementsAre("connected 0"));
}

TEST_F(SocketTest, AServerThatSpeaksFirstIsHeardAfterTheConnectionIsReported) {
  WireListener listener;
  Owner owner;
  ASSERT_EQ(connect(owner, listener.port()), 0);
  Wire far = listener.accept();
  ASSERT_TRUE(far);
  far.send("hello");
  ASSERT_TRUE(loop.until([&] { return owner.reports.size() == 2; }));
  EXPECT_THAT(owner.reports, ElementsAre("connected 0", "hello open"));
}

TEST_F(SocketTest, APortThatDoesNotListenIsReportedWithItsErrno) {
  WireListener listener;
  const std::uint16_t port = listener.port();
  listener.close();
  Owner owner;
  const int at_once = connect(owner, port);
  if (at_once == 0) {
    ASSERT_TRUE(loop.until([&] { return !owner.reports.empty(); }));
    EXPECT_THAT(owner.reports, ElementsAre("connected " + std::to_string(ECONNREFUSED)));
  } else {
    EXPECT_EQ(at_once, ECONNREFUSED);
  }
}

}  // namespace
}  // namespace payswitch::net
