#include "http/server_deadlines.h"

#include <gtest/gtest.h>

namespace payswitch::http {
namespace {

using namespace std::chrono_literals;
using Limit = ServerDeadlines::Limit;

constexpr platform::Instant start{1h};

struct ServerDeadlinesTest : testing::Test {
  void expect(Limit limit, platform::Instant at, bool unsent = false, bool unanswered = false) {
    const auto next = deadlines.next(unsent, unanswered);
    EXPECT_EQ(next.limit, limit);
    EXPECT_EQ(next.at, at);
  }

  ServerDeadlines deadlines{{.read_timeout = 10s, .idle_timeout = 75s}, start};
};

TEST_F(ServerDeadlinesTest, AConnectionIsIdleFromTheLastBytes) {
  expect(Limit::idle, start + 75s);
  deadlines.note_activity(start + 5s);
  expect(Limit::idle, start + 80s);
}

TEST_F(ServerDeadlinesTest, ARequestHasItsTimeFromItsFirstByte) {
  deadlines.note_activity(start + 1s);
  deadlines.begin_request();
  deadlines.note_activity(start + 6s);
  deadlines.begin_request();
  expect(Limit::request, start + 11s);
  deadlines.end_request();
  expect(Limit::idle, start + 81s);
}

TEST_F(ServerDeadlinesTest, ARequestThatMayGoOnHasItsTimeFromThen) {
  deadlines.begin_request();
  deadlines.restart_request(start + 9s);
  expect(Limit::request, start + 19s);
}

TEST_F(ServerDeadlinesTest, TheTimeOfARequestRunsAlsoWhileAnotherIsUnanswered) {
  deadlines.begin_request();
  expect(Limit::request, start + 10s, true, true);
}

TEST_F(ServerDeadlinesTest, NothingRunsWhileAResponseIsAwaited) {
  EXPECT_EQ(deadlines.next(false, true).limit, Limit::none);
}

TEST_F(ServerDeadlinesTest, AClientHasToTakeItsBytesWhateverElseIsUnanswered) {
  deadlines.note_activity(start + 2s);
  expect(Limit::write, start + 77s, true, true);
  expect(Limit::write, start + 77s, true, false);
}

TEST_F(ServerDeadlinesTest, ALingeringCloseEndsAfterTwoSecondsWhateverComes) {
  deadlines.begin_linger(start + 1s);
  deadlines.note_activity(start + 2s);
  expect(Limit::linger, start + 3s);
}

}  // namespace
}  // namespace payswitch::http
