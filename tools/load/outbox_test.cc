#include "tools/load/outbox.h"

#include <gtest/gtest.h>

#include <vector>

#include "testing/world/network.h"

namespace payswitch::lab::load {
namespace {

using namespace std::chrono_literals;

// Keeps what arrives until the test answers.
class Far final : public Origin {
 public:
  bool accepts_connections() const override { return up; }
  void arrive(SentRequest request, Reply reply) override {
    arrived.push_back(std::move(request));
    replies.push_back(std::move(reply));
  }

  bool up = true;
  std::vector<SentRequest> arrived;
  std::vector<Reply> replies;
};

class LoadOutbox : public testing::Test {
 protected:
  void post(std::string body) {
    outbox.post(std::move(body),
                [this](const Outbox::Result& result) { results.push_back(result); });
  }
  void run(platform::Duration span = 1ms) { world.run_for(span); }

  World world;
  Far far;
  VirtualClient client{world, world, far, 2};
  Outbox outbox{client, world, world, "/payments", 1s};
  std::vector<Outbox::Result> results;
};

TEST_F(LoadOutbox, PostsTheBodyToTheTarget) {
  post("a");
  run();
  ASSERT_EQ(far.arrived.size(), 1u);
  EXPECT_EQ(far.arrived[0].method, http::Method::post);
  EXPECT_EQ(far.arrived[0].target, "/payments");
  EXPECT_EQ(far.arrived[0].body, "a");
  far.replies[0](SentResponse{202, ""});
  run();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome, Outcome(202u));
  EXPECT_EQ(outbox.unanswered(), 0u);
}

TEST_F(LoadOutbox, WaitsForAConnectionInTheOrderOfTheCallsAndSaysWhenItWasSent) {
  for (const auto* body : {"a", "b", "c", "d"}) post(body);
  run(100ms);
  ASSERT_EQ(far.arrived.size(), 2u);
  EXPECT_EQ(outbox.unanswered(), 4u);
  far.replies[1](SentResponse{202, ""});
  run();
  ASSERT_EQ(far.arrived.size(), 3u);
  EXPECT_EQ(far.arrived[2].body, "c");
  far.replies[2](SentResponse{202, ""});
  run();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[1].handed_in, platform::Instant{});
  EXPECT_GE(results[1].sent - results[1].handed_in, 100ms);
  EXPECT_GT(results[1].over, results[1].sent);
}

TEST_F(LoadOutbox, EveryFailureHasItsKind) {
  post("a");
  post("b");
  run();
  far.replies[0](std::unexpected(http::Failure::cut));
  far.replies[1](std::unexpected(http::Failure::garbled));
  run();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].outcome, Outcome(std::unexpected(Trouble::cut)));
  EXPECT_EQ(results[1].outcome, Outcome(std::unexpected(Trouble::garbled)));
}

TEST_F(LoadOutbox, WhereNobodyListensEveryPaymentFailsToConnect) {
  far.up = false;
  for (const auto* body : {"a", "b", "c"}) post(body);
  run();
  ASSERT_EQ(results.size(), 3u);
  for (const auto& result : results) {
    EXPECT_EQ(result.outcome, Outcome(std::unexpected(Trouble::connect)));
    EXPECT_EQ(result.sent, result.handed_in);
  }
  far.up = true;
  post("d");
  run();
  EXPECT_EQ(far.arrived.size(), 1u);
}

TEST_F(LoadOutbox, ATimeOutCountsFromTheCallAlsoWithoutAConnection) {
  for (const auto* body : {"a", "b", "c"}) post(body);
  run(1s - 1ns);
  EXPECT_TRUE(results.empty());
  run(1ns);
  ASSERT_EQ(results.size(), 3u);
  for (const auto& result : results) {
    EXPECT_EQ(result.outcome, Outcome(std::unexpected(Trouble::timed_out)));
    EXPECT_EQ(result.over - result.handed_in, 1s);
  }
  EXPECT_EQ(far.arrived.size(), 2u);
  EXPECT_EQ(outbox.unanswered(), 0u);
}

TEST_F(LoadOutbox, ALateAnswerIsNotTakenForThatOfTheNextPayment) {
  post("a");
  post("b");
  run(1s);
  ASSERT_EQ(results.size(), 2u);
  post("c");
  run();
  ASSERT_EQ(far.arrived.size(), 3u);
  far.replies[0](SentResponse{202, ""});
  run();
  EXPECT_EQ(results.size(), 2u);
  far.replies[2](SentResponse{503, ""});
  run();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[2].outcome, Outcome(503u));
}

TEST_F(LoadOutbox, WhatCouldNotLeaveOnADeadConnectionLeavesOnTheNext) {
  outbox.open(2);
  run();
  client.let_idle_connections_die();
  post("a");
  run();
  ASSERT_EQ(far.arrived.size(), 1u);
  far.replies[0](SentResponse{202, ""});
  run();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome, Outcome(202u));
}

}  // namespace
}  // namespace payswitch::lab::load
