#include "http/server_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace payswitch::http {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Limit = ServerDeadlines::Limit;
using Next = ServerSession::Next;
using State = net::Input::State;
using Step = ServerSession::Step;

constexpr std::string_view date = "Thu, 01 Jan 1970 00:00:00 GMT";

std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n";
}
std::string post(std::string_view fields, std::string_view body) {
  return "POST /p HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n" + std::string{body};
}

// A session without a socket: the test is the client and the handler, and moves the time.
class ServerSessionTest : public testing::Test {
 protected:
  // What the client has sent comes in; false: it is not being read.
  bool receive(std::string_view bytes, State state = State::open) {
    const auto room = session.room();
    if (room.size() < bytes.size()) return false;
    std::ranges::copy(bytes, room.begin());
    session.take({.bytes = bytes.size(), .state = state}, now);
    return true;
  }
  void end_input() { session.take({.bytes = 0, .state = State::ended}, now); }

  // The requests that may be taken, by path, up to the limits.
  std::vector<std::string> requests() {
    std::vector<std::string> paths;
    for (Step step = session.next_request(); step != Step::none; step = session.next_request()) {
      if (step == Step::bad_request) {
        session.reject(session.problem(), date);
      } else {
        paths.emplace_back(session.request().path);
        sequences.push_back(session.sequence());
      }
    }
    session.say_continue(now);
    return paths;
  }
  void respond(std::size_t index, std::string_view body) {
    session.respond(sequences[index], {.content_type = "", .body = body}, date);
  }
  // All that is to be sent leaves.
  std::string send() {
    std::string bytes{session.unsent()};
    session.sent(bytes.size(), now);
    return bytes;
  }

  ServerOptions options{.max_pipelined = 4, .read_timeout = 10s, .idle_timeout = 75s};
  ServerCounters counters;
  platform::Instant now{1h};
  ServerSession session{options, counters, now};
  std::vector<std::uint64_t> sequences;
};

TEST_F(ServerSessionTest, ARequestIsTakenAndItsResponseSent) {
  ASSERT_TRUE(receive(get("/a")));
  EXPECT_THAT(requests(), ElementsAre("/a"));
  respond(0, "[a]");
  EXPECT_THAT(send(), EndsWith("[a]"));
  EXPECT_EQ(session.settle(now), Next::go_on);
  EXPECT_TRUE(session.is_idle());
  EXPECT_EQ(counters.requests, 1u);
}

TEST_F(ServerSessionTest, ResponsesLeaveInTheOrderOfTheRequests) {
  receive(get("/a") + get("/b"));
  EXPECT_THAT(requests(), ElementsAre("/a", "/b"));
  EXPECT_EQ(session.first_unanswered(), sequences[0]);
  respond(1, "[b]");
  EXPECT_EQ(session.unsent(), "");
  respond(0, "[a]");
  const std::string all = send();
  EXPECT_LT(all.find("[a]"), all.find("[b]"));
}

// -- how far the client is read -----------------------------------------------------------------

TEST_F(ServerSessionTest, AClientWithTooManyUnansweredRequestsIsNotRead) {
  receive(get("/0") + get("/1") + get("/2") + get("/3") + get("/4"));
  EXPECT_EQ(requests().size(), 4u);
  EXPECT_FALSE(receive(get("/5")));
  respond(0, "x");
  EXPECT_THAT(requests(), ElementsAre("/4"));
}

TEST_F(ServerSessionTest, AClientThatTakesNoResponsesIsNotRead) {
  receive(get("/a"));
  requests();
  respond(0, std::string(options.max_unsent_bytes, 'x'));
  EXPECT_FALSE(receive(get("/b")));
  send();
  requests();
  EXPECT_TRUE(receive(get("/b")));
}

TEST_F(ServerSessionTest, ResponsesThatWaitForAnEarlierOneCountAsUnsent) {
  receive(get("/a") + get("/b"));
  requests();
  respond(1, std::string(options.max_unsent_bytes, 'x'));
  EXPECT_FALSE(receive(get("/c")));
}

TEST_F(ServerSessionTest, ATurnIsOverAfterEightRequests) {
  std::string all;
  for (int i = 0; i < 9; ++i) all += get("/x");
  receive(all);
  int taken = 0;
  while (session.next_request() == Step::request) {
    ++taken;
    session.respond(session.sequence(), {.body = "x"}, date);
  }
  EXPECT_EQ(taken, 8);
  EXPECT_TRUE(session.turn_is_over());
  session.begin_turn();
  EXPECT_EQ(requests().size(), 1u);
}

// -- the time that a client has -----------------------------------------------------------------

TEST_F(ServerSessionTest, ARequestHasItsTimeFromItsFirstByte) {
  receive("GET / HT");
  requests();
  const auto first_byte = now;
  now += 5s;
  receive("TP/1.1\r\n");
  requests();
  session.settle(now);
  EXPECT_EQ(session.deadline().limit, Limit::request);
  EXPECT_EQ(session.deadline().at, first_byte + 10s);
}

TEST_F(ServerSessionTest, TheTimeOfARequestDoesNotRunWhileItIsNotRead) {
  receive(get("/a") + "GET /half");
  requests();
  respond(0, std::string(options.max_unsent_bytes, 'x'));
  requests();
  session.settle(now);
  EXPECT_EQ(session.deadline().limit, Limit::write);
}

TEST_F(ServerSessionTest, ALateRequestIsRejectedAfterTheResponsesBeforeIt) {
  receive(get("/a") + "GET /half");
  requests();
  session.reject_late_request(date);
  EXPECT_EQ(session.unsent(), "");
  respond(0, "[a]");
  const std::string all = send();
  EXPECT_LT(all.find("[a]"), all.find("HTTP/1.1 408 "));
  EXPECT_EQ(session.settle(now), Next::linger);
  EXPECT_EQ(counters.bad_requests, 1u);
}

TEST_F(ServerSessionTest, AClientThatWaitsForItsResponseIsNotIdle) {
  receive(get("/a"));
  requests();
  session.settle(now);
  EXPECT_EQ(session.deadline().limit, Limit::none);
}

// -- 100-continue -------------------------------------------------------------------------------

TEST_F(ServerSessionTest, AClientIsAskedForItsBodyOnceAndItsTimeBeginsThen) {
  receive(post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  now += 1s;
  EXPECT_THAT(requests(), IsEmpty());
  EXPECT_EQ(send(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(session.deadline().at, now + 10s);
  receive("hel");
  EXPECT_THAT(requests(), IsEmpty());
  EXPECT_EQ(session.unsent(), "");
  receive("lo");
  EXPECT_THAT(requests(), ElementsAre("/p"));
}

TEST_F(ServerSessionTest, AClientIsNotAskedForItsBodyBeforeTheResponsesThatComeFirst) {
  receive(get("/a") + post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  EXPECT_THAT(requests(), ElementsAre("/a"));
  EXPECT_EQ(session.unsent(), "");
  EXPECT_EQ(session.deadline().limit, Limit::none) << "it is we who make it wait";
  respond(0, "[a]");
  requests();
  EXPECT_THAT(send(), EndsWith("[a]HTTP/1.1 100 Continue\r\n\r\n"));
}

// -- the end ------------------------------------------------------------------------------------

TEST_F(ServerSessionTest, ABadRequestIsRejectedAndNothingIsTakenAfterIt) {
  receive("NONSENSE\r\n\r\n" + get("/never"));
  EXPECT_THAT(requests(), IsEmpty());
  const std::string all = send();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(session.settle(now), Next::linger);
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(ServerSessionTest, AfterARequestThatSaysCloseNoneIsTaken) {
  receive(get("/a", "Connection: close\r\n") + get("/never"));
  EXPECT_THAT(requests(), ElementsAre("/a"));
  respond(0, "[a]");
  EXPECT_EQ(session.settle(now), Next::go_on) << "not everything has been sent";
  EXPECT_THAT(send(), HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(session.settle(now), Next::linger);
}

TEST_F(ServerSessionTest, ALingeringCloseLastsTwoSecondsOrAMebibyte) {
  receive("NONSENSE\r\n\r\n");
  requests();
  send();
  ASSERT_EQ(session.settle(now), Next::linger);
  EXPECT_EQ(session.deadline().limit, Limit::linger);
  EXPECT_EQ(session.deadline().at, now + 2s);
  for (int i = 0; i < 1024; ++i) session.take({.bytes = 1024}, now);
  EXPECT_EQ(session.settle(now), Next::go_on);
  EXPECT_FALSE(session.room().empty()) << "what comes is read, and discarded";
  session.take({.bytes = 1}, now);
  EXPECT_EQ(session.settle(now), Next::close);
}

TEST_F(ServerSessionTest, ALingeringCloseIsOverWhenTheClientHasEnded) {
  receive("NONSENSE\r\n\r\n");
  requests();
  send();
  ASSERT_EQ(session.settle(now), Next::linger);
  end_input();
  EXPECT_EQ(session.settle(now), Next::close);
}

TEST_F(ServerSessionTest, AClientThatHasEndedIsClosedWhenItHasAllItsResponses) {
  receive(get("/a"), State::ending);
  EXPECT_TRUE(session.client_has_ended());
  requests();
  end_input();
  EXPECT_EQ(session.settle(now), Next::go_on);
  respond(0, "[a]");
  send();
  EXPECT_EQ(session.settle(now), Next::close);
}

TEST_F(ServerSessionTest, DrainingLetsARequestThatHasBegunComeToItsEnd) {
  receive(post("Content-Length: 5\r\n", "he"));
  requests();
  session.drain();
  EXPECT_FALSE(session.is_idle());
  EXPECT_EQ(session.settle(now), Next::go_on);
  receive("llo" + get("/never"));
  EXPECT_THAT(requests(), ElementsAre("/p"));
  respond(0, "[p]");
  EXPECT_THAT(send(), HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(session.settle(now), Next::linger);
}

TEST_F(ServerSessionTest, DrainingMarksTheLastResponse) {
  receive(get("/a") + get("/b"));
  requests();
  session.drain();
  session.settle(now);
  EXPECT_FALSE(receive(get("/too-late")));
  respond(0, "[a]");
  EXPECT_THAT(send(), testing::Not(HasSubstr("Connection: close")));
  respond(1, "[b]");
  EXPECT_THAT(send(), HasSubstr("Connection: close"));
}

}  // namespace
}  // namespace payswitch::http
