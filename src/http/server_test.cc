#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testing/fixtures/server_fixture.h"

namespace payswitch::http {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(HttpServer, ARequestIsHandedOverAndItsResponseComesBack) {
  Wire client = connect();
  client.send(post("Content-Length: 5\r\n", "hello"));
  ASSERT_TRUE(has_asked(1));
  EXPECT_EQ(asked[0].method, Method::post);
  EXPECT_EQ(asked[0].path, "/p");
  EXPECT_EQ(asked[0].body, "hello");
  asked[0].respond({.status = 202, .body = "{}"});
  ASSERT_TRUE(receives(client, "{}"));
  EXPECT_EQ(client.take(),
            "HTTP/1.1 202 Accepted\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(server->counters().requests, 1u);
}

TEST_F(HttpServer, AConnectionIsKeptFromRequestToRequest) {
  at_once = true;
  Wire client = connect();
  for (const std::string path : {"/one", "/two", "/three"}) {
    client.send(get(path));
    ASSERT_TRUE(receives(client, path));
  }
  EXPECT_EQ(server->counters().connections_accepted, 1u);
  EXPECT_EQ(server->counters().connections_open, 1u);
}

TEST_F(HttpServer, PipelinedRequestsAreAnsweredInOrderWhateverOrderTheResponsesHave) {
  Wire client = connect();
  client.send(get("/a") + get("/b") + get("/c"));
  ASSERT_TRUE(has_asked(3));
  answer(2, "[third]");
  answer(1, "[second]");
  loop.settle();
  EXPECT_EQ(client.received(), "");
  answer(0, "[first]");
  ASSERT_TRUE(receives(client, "[third]"));
  const std::string all = client.take();
  EXPECT_LT(all.find("[first]"), all.find("[second]"));
  EXPECT_LT(all.find("[second]"), all.find("[third]"));
}

TEST_F(HttpServer, AChunkedRequestAndTheOneAfterItBothArrive) {
  Wire client = connect();
  client.send(post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n") + get("/next"));
  ASSERT_TRUE(has_asked(2));
  EXPECT_EQ(asked[0].body, "abc");
  EXPECT_EQ(asked[1].path, "/next");
}

TEST_F(HttpServer, ARequestMayComeByteByByte) {
  Wire client = connect();
  for (const char byte : post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n")) {
    client.send({&byte, 1});
    loop.settle();
  }
  ASSERT_TRUE(has_asked(1));
  EXPECT_EQ(asked[0].body, "abc");
}

TEST_F(HttpServer, HeadIsAnsweredWithoutABody) {
  Wire client = connect();
  client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(has_asked(1));
  EXPECT_EQ(asked[0].method, Method::head);
  answer(0, "hello");
  ASSERT_TRUE(receives(client, "\r\n\r\n"));
  const std::string all = client.take();
  EXPECT_THAT(all, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(all, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServer, AClientThatAsksForItIsClosedAfterItsResponse) {
  at_once = true;
  Wire client = connect();
  client.send(get("/a", "Connection: close\r\n") + get("/never"));
  const std::string all = all_until_end(client);
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(all, EndsWith("/a"));
}

TEST_F(HttpServer, AnOldClientIsClosedUnlessItAsksToBeKept) {
  at_once = true;
  Wire first = connect();
  first.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(all_until_end(first), HasSubstr("Connection: close\r\n"));
  Wire second = connect();
  second.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_TRUE(receives(second, "/a"));
  EXPECT_THAT(second.take(), HasSubstr("Connection: keep-alive\r\n"));
  second.send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(receives(second, "/b"));
}

TEST_F(HttpServer, AClientThatHasSentItsLastByteStillGetsItsResponses) {
  Wire client = connect();
  client.send(get("/a") + get("/b"));
  client.end_sending();
  ASSERT_TRUE(has_asked(2));
  loop.settle();
  answer(0, "[a]");
  answer(1, "[b]");
  EXPECT_THAT(all_until_end(client), EndsWith("[b]"));
  EXPECT_EQ(server->counters().connections_open, 0u);
}

TEST_F(HttpServer, AResponseToAClientThatHasGoneIsDropped) {
  Wire client = connect();
  client.send(get("/a"));
  ASSERT_TRUE(has_asked(1));
  client.abort();
  ASSERT_TRUE(loop.until([&] { return server->counters().connections_open == 0; }));
  answer(0, "too late");
}

TEST_F(HttpServer, ABodyThatWaitsForA100GetsIt) {
  Wire client = connect();
  client.send(post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  ASSERT_TRUE(receives(client, "\r\n\r\n"));
  EXPECT_EQ(client.take(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("he");
  loop.settle();
  client.send("llo");
  ASSERT_TRUE(has_asked(1));
  EXPECT_EQ(asked[0].body, "hello");
  EXPECT_EQ(client.received(), "") << "said once";
}

TEST_F(HttpServer, The100WaitsForTheResponsesBeforeIt) {
  Wire client = connect();
  client.send(get("/a") + post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  ASSERT_TRUE(has_asked(1));
  loop.settle();
  EXPECT_EQ(client.received(), "");
  answer(0, "[a]");
  ASSERT_TRUE(receives(client, "100 Continue"));
  EXPECT_THAT(client.take(), EndsWith("[a]HTTP/1.1 100 Continue\r\n\r\n"));
}

TEST_F(HttpServer, ABodyThatWillBeRefusedGetsNo100) {
  Wire client = connect();
  client.send(post("Expect: 100-continue\r\nContent-Length: 16385\r\n", ""));
  client.end_sending();
  EXPECT_THAT(all_until_end(client), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServer, ABadRequestIsAnsweredWithAProblemAndTheConnectionCloses) {
  Wire client = connect();
  client.send("NONSENSE\r\n\r\n" + get("/never"));
  EXPECT_TRUE(ends(client));
  const std::string all = client.take();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(all, HasSubstr("\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
  EXPECT_THAT(all, HasSubstr("Content-Type: application/problem+json\r\n"));
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(all, HasSubstr("urn:payswitch:problem:malformed-request"));
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(server->counters().bad_requests, 1u);
}

TEST_F(HttpServer, ARequestLineWithoutAVersionIsRefusedAtOnceAndNotAfterTheTimeLimit) {
  Wire client = connect();
  client.send("GET /\r\n");
  EXPECT_THAT(all_until_end(client), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServer, GoodRequestsBeforeABadOneAreAnsweredFirst) {
  Wire client = connect();
  client.send(get("/a") + "NONSENSE\r\n\r\n");
  ASSERT_TRUE(has_asked(1));
  loop.settle();
  EXPECT_EQ(client.received(), "");
  answer(0, "[a]");
  ASSERT_TRUE(ends(client));
  const std::string all = client.take();
  EXPECT_LT(all.find("[a]"), all.find("400 Bad Request"));
}

TEST_F(HttpServer, AClientThatKeepsSendingCanStillReadWhyItWasRefused) {
  Wire client = connect();
  client.send(post("Content-Length: 500000\r\n", ""));
  const std::string block(100'000, 'x');
  std::size_t sent = 0;
  ASSERT_TRUE(loop.until([&] {
    sent += client.send(std::string_view{block}.substr(0, std::min(block.size(), 500'000 - sent)));
    return sent == 500'000;
  }));
  ASSERT_TRUE(receives(client, "body-too-large"));
  EXPECT_FALSE(client.reset());
  client.end_sending();
  ASSERT_TRUE(loop.until([&] { return server->counters().connections_open == 0; }));
  EXPECT_FALSE(client.reset());
}

TEST_F(HttpServer, ALingeringCloseIsBoundedInTime) {
  Wire client = connect();
  client.send("NONSENSE\r\n\r\n");
  ASSERT_TRUE(ends(client));
  time.advance(2s - 1ns);
  loop.settle();
  EXPECT_EQ(server->counters().connections_open, 1u);
  time.advance(1ns);
  EXPECT_EQ(server->counters().connections_open, 0u);
}

TEST_F(HttpServer, ALingeringCloseIsBoundedInBytes) {
  Wire client = connect();
  client.send("NONSENSE\r\n\r\n");
  ASSERT_TRUE(ends(client));
  const std::string block(64 * 1024, 'x');
  EXPECT_TRUE(loop.until([&] {
    client.send(block);
    return server->counters().connections_open == 0;
  }));
}

}  // namespace
}  // namespace payswitch::http
