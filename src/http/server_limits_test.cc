// The server when clients are slow, many or gone, and when it ends itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "testing/fixtures/server_fixture.h"

namespace payswitch::http {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// -- time limits --------------------------------------------------------------------------------

TEST_F(HttpServer, ARequestThatTakesTooLongIsTimedOut) {
  Wire client = connect();
  client.send("GET / HT");
  loop.settle();
  time.advance(5s);
  client.send("TP/1.1\r\n");
  loop.settle();
  time.advance(5s - 1ns);
  loop.settle();
  EXPECT_EQ(client.received(), "") << "not yet: the limit runs from the first byte";
  time.advance(1ns);
  ASSERT_TRUE(ends(client));
  const std::string all = client.take();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(all, HasSubstr("urn:payswitch:problem:request-timeout"));
}

TEST_F(HttpServer, ABodyThatTakesTooLongIsTimedOut) {
  Wire client = connect();
  client.send(post("Content-Length: 5\r\n", "he"));
  loop.settle();
  time.advance(10s);
  ASSERT_TRUE(ends(client));
  EXPECT_THAT(client.take(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServer, TheTimeOfARequestRunsFromItsOwnFirstByte) {
  at_once = true;
  Wire client = connect();
  client.send(get("/a"));
  ASSERT_TRUE(receives(client, "/a"));
  time.advance(8s);
  client.send(get("/b") + "GET /c");
  ASSERT_TRUE(receives(client, "/b"));
  client.take();
  time.advance(10s - 1ns);
  loop.settle();
  EXPECT_EQ(client.received(), "");
  time.advance(1ns);
  ASSERT_TRUE(ends(client));
  EXPECT_THAT(client.take(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServer, TheTimeOfARequestStandsStillWhileItIsNotRead) {
  Wire client = connect();
  client.send(get("/big") + "GET /half");
  ASSERT_TRUE(has_asked(1));
  answer(0, std::string(32 * 1024 * 1024, 'x'));
  loop.settle();
  time.advance(20s);
  client.send(" HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(loop.until([&] {
    client.take();
    return asked.size() == 2;
  }));
  EXPECT_EQ(asked[1].path, "/half");
}

TEST_F(HttpServer, AnIdleConnectionIsClosedInSilence) {
  at_once = true;
  Wire client = connect();
  time.advance(70s);
  client.send(get("/a"));
  ASSERT_TRUE(receives(client, "/a"));
  client.take();
  time.advance(75s - 1ns);
  loop.settle();
  EXPECT_EQ(server->counters().connections_open, 1u);
  time.advance(1ns);
  ASSERT_TRUE(ends(client));
  EXPECT_EQ(client.take(), "");
}

TEST_F(HttpServer, AConnectionThatWaitsForItsResponseIsNotIdle) {
  Wire client = connect();
  client.send(get("/a"));
  ASSERT_TRUE(has_asked(1));
  time.advance(1h);
  answer(0, "[a]");
  EXPECT_TRUE(receives(client, "[a]"));
}

TEST_F(HttpServer, AClientThatDoesNotReadItsResponsesIsClosedInTheEnd) {
  Wire client = connect();
  client.send(get("/a"));
  ASSERT_TRUE(has_asked(1));
  answer(0, std::string(32 * 1024 * 1024, 'x'));
  loop.settle();
  time.advance(75s);
  EXPECT_EQ(server->counters().connections_open, 0u);
}

// -- limits -------------------------------------------------------------------------------------

TEST_F(HttpServer, ItReadsNoFurtherThanSoManyUnansweredRequests) {
  restart({.max_pipelined = 4});
  Wire client = connect();
  for (int i = 0; i < 4; ++i) client.send(get("/x"));
  ASSERT_TRUE(has_asked(4));
  client.send(get("/x") + get("/x"));
  loop.settle();
  EXPECT_EQ(asked.size(), 4u);
  time.advance(1h);
  answer(0, "[0]");
  ASSERT_TRUE(has_asked(5));
  loop.settle();
  EXPECT_EQ(asked.size(), 5u);
  answer(1, "[1]");
  EXPECT_TRUE(has_asked(6));
}

TEST_F(HttpServer, ManyPipelinedRequestsAreAllAnsweredAtOnce) {
  at_once = true;
  restart({.max_pipelined = 1});
  Wire client = connect();
  std::string all;
  for (int i = 0; i < 500; ++i) all += get("/x");
  client.send(all);
  EXPECT_TRUE(loop.until([&] { return count_of(client.received(), "200 OK") == 500; }));
}

TEST_F(HttpServer, APipelineLetsTheOthersHaveTheirTurnAfterEightRequests) {
  Wire greedy = connect();
  Wire modest = connect();
  std::string all;
  for (int i = 0; i < 20; ++i) all += get("/greedy");
  greedy.send(all);
  modest.send(get("/modest"));
  ASSERT_TRUE(has_asked(21));
  const auto place = std::ranges::find(asked, "/modest", &Asked::path) - asked.begin();
  EXPECT_LE(place, 8) << "it was ready in the same turn";
  for (Asked& each : asked) each.respond({.content_type = "", .body = each.path});
  EXPECT_TRUE(loop.until([&] { return count_of(greedy.received(), "200 OK") == 20; }));
  EXPECT_TRUE(receives(modest, "/modest"));
}

TEST_F(HttpServer, APipelineThatEndsWithAHalfCloseIsAnsweredWhole) {
  at_once = true;
  Wire client = connect();
  std::string all;
  for (int i = 0; i < 20; ++i) all += get("/x");
  client.send(all);
  client.end_sending();
  EXPECT_EQ(count_of(all_until_end(client), "200 OK"), 20u);
}

TEST_F(HttpServer, ItReadsNoFurtherWhileTooMuchIsUnsent) {
  Wire client = connect();
  client.send(get("/big"));
  ASSERT_TRUE(has_asked(1));
  answer(0, std::string(32 * 1024 * 1024, 'x'));
  loop.settle();
  client.send(get("/next"));
  loop.settle();
  EXPECT_EQ(asked.size(), 1u);
  ASSERT_TRUE(loop.until([&] {
    client.take();
    return asked.size() == 2;
  }));
  answer(1, "[next]");
  EXPECT_TRUE(receives(client, "[next]"));
}

TEST_F(HttpServer, ResponsesOfOneTurnLeaveTogether) {
  Wire client = connect();
  client.send(get("/a") + get("/b") + get("/c"));
  ASSERT_TRUE(has_asked(3));
  for (std::size_t i = 0; i < 3; ++i) answer(i, "[x]");
  EXPECT_EQ(client.received(), "") << "not before the turn is over";
  loop.settle();
  EXPECT_EQ(count_of(client.received(), "[x]"), 3u);
}

TEST_F(HttpServer, OneConnectionTooManyIsTurnedAwayAndTheOthersStay) {
  at_once = true;
  restart({.max_connections = 2});
  Wire first = connect();
  Wire second = connect();
  Wire third = Wire::connect(server->port());
  ASSERT_TRUE(ends(third));
  const std::string all = third.take();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(all, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(all, HasSubstr("urn:payswitch:problem:too-many-connections"));
  EXPECT_EQ(server->counters().connections_refused, 1u);
  third.close();
  loop.settle();
  EXPECT_EQ(server->counters().connections_open, 2u);
  second.send(get("/still-here"));
  EXPECT_TRUE(receives(second, "/still-here"));
  first.close();
  ASSERT_TRUE(loop.until([&] { return server->counters().connections_open == 1; }));
  Wire fourth = connect();
  fourth.send(get("/room-again"));
  EXPECT_TRUE(receives(fourth, "/room-again"));
}

TEST_F(HttpServer, ItLivesThroughALackOfDescriptors) {
  if (sanitizer_needs_descriptors) GTEST_SKIP();
  at_once = true;
  Wire client;
  {
    const FewDescriptors one_for_the_client{1};
    client = Wire::connect(server->port());
    ASSERT_TRUE(loop.until([&] { return time.timers() > 0; }));
  }
  loop.settle();
  EXPECT_EQ(time.timers(), 1u) << "it does not try again on its own";
  time.advance(100ms);
  client.send(get("/served"));
  EXPECT_TRUE(receives(client, "/served"));
}

// -- the end ------------------------------------------------------------------------------------

TEST_F(HttpServer, DrainingClosesIdleConnectionsAndTheListener) {
  Wire client = connect();
  const std::uint16_t port = server->port();
  EXPECT_FALSE(server->drained());
  server->drain();
  EXPECT_TRUE(ends(client));
  EXPECT_TRUE(server->drained());
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Wire::loopback(port);
  EXPECT_NE(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(descriptor);
}

TEST_F(HttpServer, DrainingAnswersWhatIsBeingWorkedOnAndCloses) {
  Wire client = connect();
  client.send(get("/a") + get("/b"));
  ASSERT_TRUE(has_asked(2));
  server->drain();
  client.send(get("/too-late"));
  loop.settle();
  EXPECT_FALSE(server->drained());
  answer(0, "[a]");
  answer(1, "[b]");
  const std::string all = all_until_end(client);
  EXPECT_EQ(count_of(all, "Connection: close"), 1u);
  EXPECT_LT(all.find("[a]"), all.find("Connection: close"));
  EXPECT_EQ(asked.size(), 2u);
  client.close();
  EXPECT_TRUE(loop.until([&] { return server->drained(); }));
}

TEST_F(HttpServer, DrainingLetsARequestThatHasBegunComeToItsEnd) {
  at_once = true;
  Wire client = connect();
  client.send(post("Content-Length: 5\r\n", "he"));
  loop.settle();
  server->drain();
  loop.settle();
  client.send("llo");
  const std::string all = all_until_end(client);
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(all, EndsWith("/phello"));
}

TEST_F(HttpServer, AServerMayGoWhileRequestsAreUnanswered) {
  Wire client = connect();
  client.send(get("/a"));
  ASSERT_TRUE(has_asked(1));
  server.reset();
  answer(0, "dropped");
  loop.settle();
  EXPECT_EQ(time.timers(), 0u);
}

TEST_F(HttpServer, APortInUseIsOneLine) {
  ServerOptions same = options;
  same.port = server->port();
  const auto second =
      make_server(loop.context(), time, time, same, [](const Request&, Responder) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(),
            "cannot listen on 127.0.0.1:" + std::to_string(same.port) + ": Address already in use");
}

TEST_F(HttpServer, AHostThatDoesNotExistIsOneLine) {
  const auto none =
      make_server(loop.context(), time, time, {.host = "no.such.host.invalid", .port = 0},
                  [](const Request&, Responder) {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error(), StartsWith("cannot listen on no.such.host.invalid:0: "));
  EXPECT_THAT(none.error(), Not(HasSubstr("\n")));
}

TEST_F(HttpServer, AnEarlierServersPortCanBeTakenAgainAtOnce) {
  at_once = true;
  Wire client = connect();
  client.send(get("/a", "Connection: close\r\n"));
  ASSERT_TRUE(ends(client));
  ServerOptions same = options;
  same.port = server->port();
  client.close();
  server.reset();
  const auto again =
      make_server(loop.context(), time, time, same, [](const Request&, Responder) {});
  EXPECT_TRUE(again) << again.error();
}

// -- the client's end ---------------------------------------------------------------------------

TEST_F(HttpServer, ARequestThatWaitsLearnsThatItsClientHasGone) {
  Wire client = connect();
  client.send(get("/a"));
  ASSERT_TRUE(has_asked(1));
  bool ended = false;
  ASSERT_TRUE(asked[0].respond.when_client_ends([&] { ended = true; }));
  loop.settle();
  EXPECT_FALSE(ended);
  client.close();
  EXPECT_TRUE(loop.until([&] { return ended; }));
  EXPECT_FALSE(asked[0].respond.when_client_ends([] {})) << "it has ended";
  answer(0, "late");
}

TEST_F(HttpServer, SoDoesEachOfAsManyAsMayBePipelinedAlthoughNothingMoreIsRead) {
  Wire client = connect();
  std::string all;
  for (std::size_t i = 0; i < options.max_pipelined + 5; ++i) all += get("/a");
  client.send(all);
  ASSERT_TRUE(has_asked(options.max_pipelined));
  std::size_t ended = 0;
  for (auto& each : asked) each.respond.when_client_ends([&] { ++ended; });
  client.close();
  EXPECT_TRUE(loop.until([&] { return ended == options.max_pipelined; }));
  for (std::size_t i = 0; i < options.max_pipelined; ++i) answer(i, "late");
}

TEST_F(HttpServer, AClientThatEndsItsHalfGetsItsResponseAllTheSame) {
  Wire client = connect();
  client.send(get("/a"));
  ASSERT_TRUE(has_asked(1));
  asked[0].respond.when_client_ends([&] { answer(0, "as it is now"); });
  client.end_sending();
  EXPECT_THAT(all_until_end(client), EndsWith("as it is now"));
}

TEST_F(HttpServer, ARequestThatWasAnsweredHearsNothingOfTheEnd) {
  Wire client = connect();
  client.send(get("/a"));
  ASSERT_TRUE(has_asked(1));
  bool ended = false;
  asked[0].respond.when_client_ends([&] { ended = true; });
  answer(0, "done");
  ASSERT_TRUE(receives(client, "done"));
  client.close();
  EXPECT_TRUE(loop.until([&] { return server->counters().connections_open == 0; }));
  EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace payswitch::http
