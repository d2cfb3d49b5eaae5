#include "http/client_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <string>

#include "testing/fixtures/pool_fixture.h"

namespace payswitch::http {
namespace {

TEST_F(HttpPool, ARequestGoesOutAndItsResponseComesBack) {
  Wire wire = open_one();
  const auto result = send(taken(), {.method = Method::post,
                                     .target = "/payments",
                                     .content_type = "application/json",
                                     .body = "{\"a\":1}"});
  ASSERT_TRUE(arrives(wire, "{\"a\":1}"));
  EXPECT_EQ(wire.take(),
            "POST /payments HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(far_end.port()) +
                "\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
  wire.send(ok);
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->status, 200u);
  EXPECT_EQ(result->content_type, "a/b");
  EXPECT_EQ(result->body, "{}");
}

TEST_F(HttpPool, AConnectionIsUsedAgainAndAgain) {
  Wire wire = open_one();
  for (int i = 0; i < 3; ++i) {
    const auto result = exchange(wire, ok);
    ASSERT_TRUE(is_done(result));
    EXPECT_EQ(result->status, 200u);
    EXPECT_EQ(idle(), 1u);
  }
  EXPECT_EQ(pool->counters().connects, 1u);
}

TEST_F(HttpPool, AResponseInPiecesIsPutTogether) {
  Wire wire = open_one();
  const auto result = exchange(wire, "HTTP/1.1 100 Continue\r\n\r\nHTT");
  loop.settle();
  wire.send("P/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  loop.settle();
  EXPECT_EQ(result->calls, 0);
  wire.send("0\r\n\r\n");
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->status, 500u);
  EXPECT_EQ(result->body, "x");
  EXPECT_EQ(idle(), 1u);
}

TEST_F(HttpPool, WhenDoneReturnsTheConnectionIsIdleAndTheEventSaysSo) {
  Wire wire = open_one();
  EXPECT_EQ(idle_events, 1);
  std::size_t idle_in_done = 99;
  pool->send(taken(), {.method = Method::get, .target = "/"},
             [&](const auto&) { idle_in_done = idle(); });
  ASSERT_TRUE(arrives(wire, "GET"));
  wire.send(ok);
  ASSERT_TRUE(loop.until([&] { return idle_events == 2; }));
  EXPECT_EQ(idle_in_done, 0u);
  EXPECT_EQ(idle(), 1u);
}

TEST_F(HttpPool, WantOpensWhatIsMissingAndNotMore) {
  pool->want(3);
  pool->want(2);
  ASSERT_TRUE(loop.until([&] { return idle() == 3; }));
  pool->want(3);
  loop.settle();
  EXPECT_EQ(pool->counters().connects, 3u);
  taken();
  pool->want(3);
  EXPECT_TRUE(loop.until([&] { return idle() == 3 && open() == 4; }));
}

TEST_F(HttpPool, TheMaximumCountsAllConnectionsAndOneBeyondIsNotOpened) {
  start({.host = "127.0.0.1", .max_connections = 2});
  pool->want(2);
  ASSERT_TRUE(loop.until([&] { return idle() == 2; }));
  taken();
  taken();
  pool->want(1);
  loop.settle();
  EXPECT_EQ(open(), 2u);
  EXPECT_EQ(pool->take(), std::nullopt);
}

TEST_F(HttpPool, TheConnectionUsedLastIsHandedOutFirst) {
  Wire first = open_one();
  Wire second = open_one();
  const auto a = taken();
  const auto b = taken();
  pool->give_back(a);
  pool->give_back(b);
  const auto again = taken();
  EXPECT_EQ(static_cast<std::uint32_t>(again), static_cast<std::uint32_t>(b));
  EXPECT_NE(again, b) << "the old id is not the new one";
}

TEST_F(HttpPool, GivingBackMakesNoIdleEvent) {
  Wire wire = open_one();
  pool->give_back(taken());
  loop.settle();
  EXPECT_EQ(idle_events, 1) << "or a caller that takes and gives back would do so for ever";
  EXPECT_EQ(idle(), 1u);
}

TEST_F(HttpPool, AnIdleConnectionThatIsClosedLeavesThePool) {
  Wire first = open_one();
  Wire second = open_one();
  first.close();
  ASSERT_TRUE(loop.until([&] { return idle() == 1; }));
  EXPECT_EQ(open(), 1u);
  const auto result = exchange(second, ok);
  EXPECT_TRUE(is_done(result));
}

TEST_F(HttpPool, StrayBytesOnAnIdleConnectionCloseIt) {
  Wire wire = open_one();
  wire.send("H");
  ASSERT_TRUE(loop.until([&] { return idle() == 0; }));
  EXPECT_EQ(open(), 0u);
  EXPECT_TRUE(loop.until([&] { return wire.ended() || wire.reset(); }));
}

TEST_F(HttpPool, AConnectionThatDiedWhileItWasHeldSendsNothing) {
  Wire wire = open_one();
  const auto connection = taken();
  wire.close();
  loop.settle();
  const auto result = send(connection);
  EXPECT_EQ(result->calls, 0) << "never from within a call";
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->failure, Failure::not_sent);
  EXPECT_EQ(open(), 0u);
}

TEST_F(HttpPool, AConnectionThatDiedAMomentAgoSendsNothingEither) {
  Wire wire = open_one();
  const auto connection = taken();
  wire.close();
  const auto result = send(connection);
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->failure, Failure::not_sent);
}

TEST_F(HttpPool, AResponseThatIsThereBeforeTheRequestIsNeverTakenForIts) {
  Wire wire = open_one();
  const auto connection = taken();
  wire.send(ok);
  const auto result = send(connection);
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->failure, Failure::not_sent);
  loop.settle();
  EXPECT_EQ(wire.take(), "");
}

// The request leaves at the end of the turn; until then the connection may prove to be no good.
TEST_F(HttpPool, AResponseThatComesBeforeTheRequestHasLeftIsNeverTakenForItsEither) {
  Wire other = open_one();
  Wire wire = open_one();
  const auto connection = taken();
  std::array<int, 2> signal{};
  ASSERT_EQ(::pipe(signal.data()), 0);
  boost::asio::posix::stream_descriptor first{loop.context(), signal[0]};
  std::shared_ptr<Result> result;
  first.async_wait(boost::asio::posix::stream_descriptor::wait_read, [&](const auto&) {
    result = send(connection);
    wire.send(ok);
  });
  loop.settle();
  // Both are ready in this order, so that the pool looks at its sockets before it writes.
  ASSERT_EQ(::write(signal[1], "x", 1), 1);
  other.close();
  ASSERT_TRUE(loop.until([&] { return result && result->calls > 0; }));
  EXPECT_EQ(result->failure, Failure::not_sent);
  loop.settle();
  EXPECT_EQ(wire.take(), "");
  ::close(signal[1]);
}

TEST_F(HttpPool, GivingBackADeadConnectionDropsIt) {
  Wire wire = open_one();
  const auto connection = taken();
  wire.close();
  loop.settle();
  pool->give_back(connection);
  EXPECT_EQ(idle(), 0u);
  EXPECT_EQ(open(), 0u);
}

TEST_F(HttpPool, AConnectionThatClosesInsteadOfAnsweringIsCut) {
  Wire wire = open_one();
  const auto result = exchange(wire, "");
  wire.close();
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->failure, Failure::cut);
  EXPECT_EQ(result->calls, 1);
  EXPECT_EQ(open(), 0u);
}

TEST_F(HttpPool, AConnectionThatIsResetIsCut) {
  Wire wire = open_one();
  const auto result = exchange(wire, "HTTP/1.1 200 OK\r\n\r\nto the end");
  loop.settle();
  wire.abort();
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->failure, Failure::cut);
}

TEST_F(HttpPool, AResponseMayEndWithItsConnection) {
  Wire wire = open_one();
  const auto result = exchange(wire, "HTTP/1.1 200 OK\r\n\r\nto the end");
  wire.close();
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->body, "to the end");
  loop.settle();
  EXPECT_EQ(open(), 0u);
}

TEST_F(HttpPool, WhatIsNoResponseIsGarbledAndTheConnectionCloses) {
  Wire wire = open_one();
  const auto result = exchange(wire, "SSH-2.0-OpenSSH\r\n\r\n");
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->failure, Failure::garbled);
  EXPECT_EQ(open(), 0u);
}

TEST_F(HttpPool, AResponseBeyondTheLimitIsGarbled) {
  start({.host = "127.0.0.1", .max_response_bytes = ok.size()});
  Wire wire = open_one();
  const auto at_the_limit = exchange(wire, ok);
  ASSERT_TRUE(is_done(at_the_limit));
  EXPECT_EQ(at_the_limit->status, 200u);
  const auto beyond =
      exchange(wire, "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 3\r\n\r\n{ }");
  ASSERT_TRUE(is_done(beyond));
  EXPECT_EQ(beyond->failure, Failure::garbled);
}

TEST_F(HttpPool, ALargeResponseIsReadWhole) {
  Wire wire = open_one();
  const std::string body(60'000, 'b');
  const auto result = exchange(wire, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + body);
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->body, body);
  EXPECT_EQ(idle(), 1u);
}

TEST_F(HttpPool, AResponseThatSaysCloseIsDeliveredAndTheConnectionClosed) {
  Wire wire = open_one();
  const auto result =
      exchange(wire, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->status, 200u);
  EXPECT_EQ(open(), 0u);
}

TEST_F(HttpPool, BytesAfterAResponseCloseTheConnectionAndNotTheResponse) {
  Wire wire = open_one();
  const auto result = exchange(wire, ok + ok);
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->status, 200u);
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(result->calls, 1);
}

TEST_F(HttpPool, ALateResponseIsDeliveredAndItsConnectionNeverUsedAgain) {
  Wire wire = open_one();
  const auto connection = taken();
  const auto result = send(connection);
  pool->retire(connection);
  ASSERT_TRUE(arrives(wire, "GET"));
  wire.send(ok);
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->status, 200u);
  EXPECT_EQ(open(), 0u);
}

TEST_F(HttpPool, HangingUpClosesAtOnceAndSaysSoLater) {
  Wire wire = open_one();
  const auto connection = taken();
  const auto result = send(connection);
  ASSERT_TRUE(arrives(wire, "GET"));
  pool->hang_up(connection);
  EXPECT_EQ(result->calls, 0);
  EXPECT_EQ(open(), 0u);
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->failure, Failure::hung_up);
  EXPECT_TRUE(loop.until([&] { return wire.ended(); }));
  loop.settle();
  EXPECT_EQ(result->calls, 1);
}

TEST_F(HttpPool, AnOldIdSaysNothingToTheConnectionThatLivesThereNow) {
  Wire wire = open_one();
  const auto old = taken();
  const auto first = send(old);
  ASSERT_TRUE(arrives(wire, "GET"));
  wire.send(ok);
  ASSERT_TRUE(is_done(first));
  const auto second = send(taken());
  pool->retire(old);
  pool->hang_up(old);
  wire.send(ok);
  ASSERT_TRUE(is_done(second));
  EXPECT_EQ(second->status, 200u);
  EXPECT_EQ(idle(), 1u);
}

TEST_F(HttpPool, WithinDoneTheIdIsOldAlready) {
  Wire wire = open_one();
  const auto connection = taken();
  int calls = 0;
  pool->send(connection, {.method = Method::get, .target = "/"}, [&](const auto&) {
    ++calls;
    pool->hang_up(connection);
    pool->retire(connection);
  });
  ASSERT_TRUE(arrives(wire, "GET"));
  wire.send(ok);
  ASSERT_TRUE(loop.until([&] { return calls > 0; }));
  loop.settle();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(idle(), 1u);
}

TEST_F(HttpPool, ALargeRequestGoesOutWholeAsTheFarEndReads) {
  Wire wire = open_one();
  const std::string body(16 * 1024 * 1024, 'b');
  const auto result =
      send(taken(), {.method = Method::post, .target = "/", .content_type = "a/b", .body = body});
  ASSERT_TRUE(loop.until([&] {
    return wire.received().size() >= body.size() && wire.received().ends_with("bbb") &&
           wire.received().size() - wire.received().find("\r\n\r\n") - 4 == body.size();
  }));
  wire.send(ok);
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(idle(), 1u);
}

TEST_F(HttpPool, AResponseToHalfARequestLeavesTheConnectionUnusable) {
  Wire wire = open_one();
  const std::string body(16 * 1024 * 1024, 'b');
  const auto result =
      send(taken(), {.method = Method::post, .target = "/", .content_type = "a/b", .body = body});
  wire.send("HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(is_done(result));
  EXPECT_EQ(result->status, 413u);
  EXPECT_EQ(open(), 0u);
}

}  // namespace
}  // namespace payswitch::http
