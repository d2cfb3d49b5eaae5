#include "processor/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "platform/manual_time.h"

namespace payswitch::processor {
namespace {

using namespace std::chrono_literals;
using payment::Outcome;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = PostEvent::Kind;

const auto id = *payment::CorrelationId::parse("4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3");
constexpr auto connection = http::ConnectionId{7};

// Writes down what it is asked for; the test says when an answer comes.
class WrittenClient final : public http::Client {
 public:
  std::vector<std::string> sent;
  std::vector<http::ConnectionId> retired;
  std::vector<http::ConnectionId> hung_up;

  void listen(Events) override {}
  void want(std::size_t) override {}
  std::optional<http::ConnectionId> take() override { return std::nullopt; }
  void give_back(http::ConnectionId) override {}
  void send(http::ConnectionId to, const http::OutgoingRequest& request, Done done) override {
    sent.push_back(std::string(to_string(request.method)) + " " + std::string(request.target));
    under_way_[to] = std::move(done);
  }
  void retire(http::ConnectionId which) override { retired.push_back(which); }
  void hang_up(http::ConnectionId which) override {
    hung_up.push_back(which);
    end(std::unexpected(http::Failure::hung_up));
  }
  const http::ClientCounters& counters() const override { return counters_; }

  void answer(unsigned status, std::string_view body = "{}") {
    end(http::IncomingResponse{.status = status, .content_type = "application/json", .body = body});
  }

 private:
  void end(std::expected<http::IncomingResponse, http::Failure> how) {
    auto done = std::move(under_way_.extract(connection).mapped());
    done(std::move(how));
  }

  std::map<http::ConnectionId, Done> under_way_;
  http::ClientCounters counters_;
};

class ChannelTest : public testing::Test {
 protected:
  void post() {
    channel.post(connection, id, payment::Money::from_cents(1990), {1751978096789},
                 [this](const PostEvent& event) { events.push_back(event); });
  }
  void ask() {
    channel.ask(connection, id, [this](const auto& entry) { asked.push_back(entry); });
  }

  Options options{.name = "default",
                  .host = "a",
                  .base_path = "/pay",
                  .url = "http://a/pay",
                  .attempt_timeout = 6s,
                  .hang_up = 60s};
  WrittenClient client;
  platform::ManualTime time;
  Channel channel{options, *find_dialect("rinha"), client, time, time};
  std::vector<PostEvent> events;
  std::vector<std::expected<BookEntry, NoEntry>> asked;
};

TEST_F(ChannelTest, EveryRequestGoesBelowThePathOfTheUrl) {
  post();
  client.answer(200);
  ask();
  client.answer(404);
  channel.poll_health(connection, [](const auto&) {});
  client.answer(429);
  EXPECT_THAT(client.sent, ElementsAre("POST /pay/payments", "GET /pay/payments/" + id.to_string(),
                                       "GET /pay/payments/service-health"));
}

TEST_F(ChannelTest, AnAnswerInTimeIsTheOnlyEventAndEndsTheDeadline) {
  post();
  time.advance(5'999ms);
  EXPECT_THAT(events, IsEmpty());
  client.answer(200);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::answered);
  EXPECT_EQ(events[0].outcome, Outcome::taken);
  EXPECT_FALSE(events[0].was_late);
  EXPECT_EQ(events[0].took, 5'999ms);
  EXPECT_EQ(channel.outstanding(), 0u);
  EXPECT_EQ(time.timers(), 0u);
  EXPECT_THAT(client.retired, IsEmpty());
}

TEST_F(ChannelTest, Protocol24ALateAnswerIsReadAndProtocol23ItsConnectionIsNotUsedAgain) {
  post();
  time.advance(6s);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Kind::late);
  EXPECT_EQ(events[0].outcome, Outcome::unknown);
  EXPECT_THAT(client.retired, ElementsAre(connection));
  EXPECT_EQ(channel.posts_outstanding(), 1u);
  time.advance(53'999ms);
  client.answer(200);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].kind, Kind::answered);
  EXPECT_EQ(events[1].outcome, Outcome::taken);
  EXPECT_TRUE(events[1].was_late);
  EXPECT_EQ(channel.posts_outstanding(), 0u);
  EXPECT_EQ(time.timers(), 0u);
}

TEST_F(ChannelTest, Protocol24APostThatIsNeverAnsweredIsHungUpAndUnknown) {
  post();
  time.advance(6s);
  time.advance(53'999ms);
  EXPECT_THAT(client.hung_up, IsEmpty());
  time.advance(1ms);
  EXPECT_THAT(client.hung_up, ElementsAre(connection));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].kind, Kind::answered);
  EXPECT_EQ(events[1].outcome, Outcome::unknown);
  EXPECT_EQ(channel.posts_outstanding(), 0u);
}

TEST_F(ChannelTest, AQuestionThatIsNotAnsweredInTimeIsHungUpAndTeachesNothing) {
  ask();
  time.advance(5'999ms);
  EXPECT_EQ(channel.outstanding(), 1u);
  time.advance(1ms);
  EXPECT_THAT(client.hung_up, ElementsAre(connection));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].error(), NoEntry::no_answer);
  EXPECT_EQ(channel.outstanding(), 0u);
}

TEST_F(ChannelTest, AnAnsweredQuestionEndsItsDeadline) {
  ask();
  client.answer(404);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].error(), NoEntry::not_found);
  EXPECT_EQ(time.timers(), 0u);
}

}  // namespace
}  // namespace payswitch::processor
