#include "tools/processor/service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "platform/timer_queue.h"

namespace payswitch::lab {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class HandClock : public platform::Clock {
 public:
  platform::Instant now() const override { return now_; }
  payment::UtcMs wall() const override { return {}; }
  void set(platform::Instant now) { now_ = now; }

 private:
  platform::Instant now_{1h};
};

class HandTimers : public platform::Timers {
 public:
  explicit HandTimers(HandClock& clock) : clock_(clock) {}

  platform::TimerId after(platform::Duration delay, platform::Callback callback) override {
    return queue_.add(clock_.now() + delay, std::move(callback));
  }
  void cancel(platform::TimerId timer) override { queue_.cancel(timer); }

  void advance(platform::Duration span) {
    const platform::Instant end = clock_.now() + span;
    while (const auto due = queue_.earliest()) {
      if (*due > end) break;
      clock_.set(*due);
      (*queue_.pop_due(*due))();
    }
    clock_.set(end);
  }

 private:
  HandClock& clock_;
  platform::TimerQueue queue_;
};

// What was answered, by the number of the request, and in which order.
struct Answers {
  std::map<std::uint64_t, Response> by_number;
  std::vector<std::uint64_t> order;
};

class ServiceTest : public testing::Test {
 protected:
  // The number of the request.
  std::uint64_t ask(http::Method method, std::string_view path, std::string_view body) {
    const std::uint64_t number = next_++;
    service_.handle({.method = method, .path = path, .query = {}, .fields = {}, .body = body},
                    [this, number](const Response& response) {
                      ASSERT_TRUE(answers_.by_number.emplace(number, response).second);
                      answers_.order.push_back(number);
                    });
    return number;
  }

  std::uint64_t post(unsigned number) {
    return ask(http::Method::post, "/payments",
               fmt::format(R"({{"correlationId":"00000000-0000-4000-8000-{:012}","amount":19.90,)"
                           R"("requestedAt":"2025-07-08T12:34:56.789Z"}})",
                           number));
  }

  const Response& answer_to(std::uint64_t number) { return answers_.by_number.at(number); }
  bool is_answered(std::uint64_t number) { return answers_.by_number.contains(number); }

  void set_faults(std::string_view json) { processor_.set_faults(Faults::parse(json).value()); }

  Processor processor_{Fee::parse("0.05").value()};
  HandClock clock_;
  HandTimers timers_{clock_};
  Service service_{processor_, timers_, clock_};
  Answers answers_;
  std::uint64_t next_ = 0;
};

TEST_F(ServiceTest, TakesAPaymentAtOnceWhenNoDelayIsSet) {
  const auto first = post(1);
  EXPECT_EQ(answer_to(first).status, 200u);
  EXPECT_EQ(answer_to(first).body, R"({"message":"payment processed successfully"})");
  const auto again = post(1);
  EXPECT_EQ(answer_to(again).status, 422u);
  EXPECT_NE(answer_to(again).body, "");
  EXPECT_EQ(processor_.ledger().size(), 1u);
}

TEST_F(ServiceTest, AnswersAndBooksWhenTheDelayIsOverAndNotEarlier) {
  processor_.settings().delay = 1500ms;
  const auto one = post(1);
  timers_.advance(1499ms);
  EXPECT_FALSE(is_answered(one));
  EXPECT_EQ(processor_.ledger().size(), 0u);
  timers_.advance(1ms);
  EXPECT_EQ(answer_to(one).status, 200u);
  EXPECT_EQ(processor_.ledger().size(), 1u);
}

TEST_F(ServiceTest, AFailingProcessorAnswersWithAnEmptyBody) {
  processor_.settings().failing = true;
  const auto one = post(1);
  EXPECT_EQ(answer_to(one).status, 500u);
  EXPECT_EQ(answer_to(one).body, "");
}

TEST_F(ServiceTest, ABadBodyIsAnsweredAtOnceAndTakesNoPlace) {
  processor_.settings().delay = 1500ms;
  const auto one = ask(http::Method::post, "/payments", R"({"correlationId":1})");
  EXPECT_EQ(answer_to(one).status, 400u);
  EXPECT_EQ(answer_to(one).body, R"({"message":"correlationId: must be a string"})");
  EXPECT_EQ(processor_.counters().posts, 1u);
  EXPECT_EQ(processor_.counters().max_running, 0u);
}

TEST_F(ServiceTest, WaitingPostsStartInOrderWhenPlacesBecomeFreeAndSleepOnlyThen) {
  processor_.settings().delay = 1000ms;
  for (unsigned i = 0; i < 1300; ++i) post(i);
  EXPECT_THAT(answers_.order, IsEmpty());
  const auto turned_away = post(1300);
  EXPECT_EQ(answer_to(turned_away).status, 429u);
  timers_.advance(1000ms);
  EXPECT_EQ(answers_.order.size(), 801u);
  timers_.advance(999ms);
  EXPECT_EQ(answers_.order.size(), 801u);
  timers_.advance(1ms);
  EXPECT_EQ(answers_.order.size(), 1301u);
  EXPECT_EQ(answers_.order.back(), 1299u);
  EXPECT_EQ(processor_.ledger().size(), 1300u);
}

TEST_F(ServiceTest, WaitingPostsAreThroughAtOnceWhenTheDelayHasGoneByThen) {
  processor_.settings().delay = 1000ms;
  for (unsigned i = 0; i < 1300; ++i) post(i);
  processor_.settings().delay = 0ms;
  timers_.advance(1000ms);
  EXPECT_EQ(processor_.ledger().size(), 1300u);
}

TEST_F(ServiceTest, AnErrorWithABodyIsToldFromTheFailureSwitch) {
  set_faults(R"({"post":"error_booked"})");
  const auto one = post(1);
  EXPECT_EQ(answer_to(one).status, 500u);
  EXPECT_NE(answer_to(one).body, "");
  EXPECT_EQ(answer_to(one).content_type, "application/json");
}

TEST_F(ServiceTest, AStatusFaultHasAnEmptyBody) {
  set_faults(R"({"post":"status","status":302})");
  const auto one = post(1);
  EXPECT_EQ(answer_to(one).status, 302u);
  EXPECT_EQ(answer_to(one).body, "");
}

TEST_F(ServiceTest, DropsCloseWithoutAByteAndGarbageIsNoHttpResponse) {
  set_faults(R"({"post":"drop","get":"drop"})");
  EXPECT_EQ(answer_to(post(1)).raw_then_close, "");
  EXPECT_EQ(answer_to(ask(http::Method::get, "/payments/x", "")).raw_then_close, "");
  set_faults(R"({"post":"garble_booked"})");
  const auto garbled = answer_to(post(2)).raw_then_close;
  ASSERT_TRUE(garbled);
  EXPECT_NE(*garbled, "");
  EXPECT_FALSE(garbled->starts_with("HTTP/"));
}

TEST_F(ServiceTest, ALateTakerHasItsPlaceUntilItAnswers) {
  set_faults(R"({"post":"take_late","late_ms":3000,"count":1})");
  const auto late = post(1);
  const auto repeat = post(1);
  EXPECT_EQ(answer_to(repeat).status, 200u);
  timers_.advance(2999ms);
  EXPECT_FALSE(is_answered(late));
  timers_.advance(1ms);
  EXPECT_EQ(answer_to(late).status, 422u);
  EXPECT_THAT(answers_.order, ElementsAre(repeat, late));
  EXPECT_EQ(processor_.counters().max_running, 2u);
}

}  // namespace
}  // namespace payswitch::lab
