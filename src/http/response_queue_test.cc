#include "http/response_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";

Response saying(std::string_view body) {
  return {.content_type = "", .body = body};
}

// The bodies in `out`, one letter each.
std::string bodies(std::string_view out) {
  std::string found;
  for (auto at = out.find("\r\n\r\n"); at != std::string_view::npos;
       at = out.find("\r\n\r\n", at + 4)) {
    found += out[at + 4];
  }
  return found;
}

TEST(ResponseQueue, AResponseInTurnGoesOutAtOnce) {
  ResponseQueue queue;
  std::string out;
  queue.respond(queue.open({}), saying("a"), date, out);
  EXPECT_EQ(bodies(out), "a");
  EXPECT_TRUE(queue.empty());
}

TEST(ResponseQueue, ResponsesLeaveInTheOrderOfTheRequests) {
  ResponseQueue queue;
  std::string out;
  const auto a = queue.open({});
  const auto b = queue.open({});
  const auto c = queue.open({});
  queue.respond(c, saying("c"), date, out);
  queue.respond(b, saying("b"), date, out);
  EXPECT_EQ(out, "");
  EXPECT_GT(queue.held_bytes(), 0u);
  queue.respond(a, saying("a"), date, out);
  EXPECT_EQ(bodies(out), "abc");
  EXPECT_EQ(queue.held_bytes(), 0u);
  EXPECT_TRUE(queue.empty());
}

TEST(ResponseQueue, AResponseStopsAtTheNextOneThatIsMissing) {
  ResponseQueue queue;
  std::string out;
  const auto a = queue.open({});
  const auto b = queue.open({});
  const auto c = queue.open({});
  queue.respond(c, saying("c"), date, out);
  queue.respond(a, saying("a"), date, out);
  EXPECT_EQ(bodies(out), "a");
  queue.respond(b, saying("b"), date, out);
  EXPECT_EQ(bodies(out), "abc");
}

TEST(ResponseQueue, NumbersStayRightWhileRequestsComeAndGo) {
  ResponseQueue queue;
  std::string out;
  std::string expected;
  auto waiting = queue.open({});
  for (int i = 0; i < 1000; ++i) {
    const char letter = static_cast<char>('a' + i % 26);
    const auto next = queue.open({});
    queue.respond(waiting, saying({&letter, 1}), date, out);
    expected += letter;
    waiting = next;
  }
  EXPECT_EQ(bodies(out), expected);
  EXPECT_EQ(queue.size(), 1u);
}

TEST(ResponseQueue, ClosingMarksOnlyTheLastResponse) {
  ResponseQueue queue;
  std::string out;
  const auto a = queue.open({});
  const auto b = queue.open({});
  queue.close_last();
  queue.respond(a, saying("a"), date, out);
  EXPECT_THAT(out, Not(HasSubstr("Connection: close")));
  queue.respond(b, saying("b"), date, out);
  EXPECT_THAT(out, EndsWith("Connection: close\r\n\r\nb"));
}

TEST(ResponseQueueDeathTest, RespondingTwiceIsABug) {
  ResponseQueue queue;
  std::string out;
  queue.open({});
  const auto second = queue.open({});
  queue.respond(second, saying("b"), date, out);
  EXPECT_DEATH(queue.respond(second, saying("b"), date, out), "answered");
}

TEST(ResponseQueue, OnlyUnansweredRequestsHaveWatchersAndEachIsGivenOutOnce) {
  ResponseQueue queue;
  std::string out;
  std::string called;
  const auto a = queue.open({});
  const auto b = queue.open({});
  const auto c = queue.open({});
  queue.watch(a, [&] { called += 'a'; });
  queue.watch(b, [&] { called += 'b'; });
  queue.watch(c, [&] { called += 'c'; });
  queue.respond(b, saying("b"), date, out);
  for (auto& ended : queue.take_watchers()) ended();
  EXPECT_EQ(called, "ac");
  EXPECT_TRUE(queue.take_watchers().empty());
}

}  // namespace
}  // namespace payswitch::http
