#include "store/shared/view.h"

#include <gtest/gtest.h>

#include "store/samples_fixture.h"

namespace payswitch::store::shared {
namespace {

using payment::Outcome;
using payment::State;
using payswitch::redis::Reply;

Reply reply_of(const std::vector<std::string>& fields) {
  Reply reply{.kind = Reply::Kind::array, .integer = 0, .text = {}, .elements = {}};
  for (const std::string& each : fields) {
    reply.elements.push_back(
        {.kind = Reply::Kind::text, .integer = 0, .text = each, .elements = {}});
  }
  return reply;
}

PaymentView view(const std::vector<std::string>& fields) {
  const auto found = view_of(test_id(1), reply_of(fields));
  EXPECT_TRUE(found);
  return found.value_or(PaymentView{}).value_or(PaymentView{});
}

std::string refused(std::uint32_t number, Outcome reason) {
  return std::to_string(number) + ":1:" + std::to_string(number * 10) + ":" +
         std::to_string(static_cast<int>(reason)) + ";";
}

TEST(View, OfNoFieldsIsNone) {
  const auto found = view_of(test_id(1), Reply{});
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST(View, WhatNoPaymentCanBeIsNotShown) {
  const std::vector<std::vector<std::string>> unsound = {
      {"a", "-1", "s", "0"},
      {"a", "999999999999999", "s", "0"},
      {"a", "nineteen", "s", "0"},
      {"a", "1", "s", "5"},
      {"a", "1", "s", "1", "n", "1", "p", "32", "q", "7"},
      {"a", "1", "s", "1", "n", "1", "p", "256", "q", "7"},
      {"a", "1", "s", "3", "n", "1", "p", "0", "q", "7", "x", "255", "y", "7", "d", "9"},
      {"a", "1", "s", "0", "n", "1", "p", "0", "q", "7", "h", "1:99:7:2;"},
      {"a", "1", "s", "0", "n", "1", "p", "0", "q", "7", "h", "1:0:7:9;"},
      {"a", "1", "s", "0", "n", "1", "p", "0", "q", "7", "h", "1"},
  };
  for (const auto& fields : unsound) {
    EXPECT_FALSE(view_of(test_id(1), reply_of(fields))) << testing::PrintToString(fields);
  }
}

TEST(View, NeedsANameForEachProcessorInIt) {
  EXPECT_EQ(names_needed(view({"a", "1", "s", "0"})), 0u);
  EXPECT_EQ(names_needed(view({"a", "1", "s", "1", "n", "1", "p", "3", "q", "7"})), 4u);
  EXPECT_EQ(
      names_needed(view({"a", "1", "s", "1", "n", "2", "p", "0", "q", "7", "h", "1:31:7:2;"})),
      32u);
}

TEST(View, OfAnUntriedPayment) {
  const PaymentView shown = view({"a", "1990", "t", "5", "k", "x-1", "o", "x", "s", "0"});
  EXPECT_EQ(shown.id, test_id(1));
  EXPECT_EQ(shown.amount, cents(1990));
  EXPECT_EQ(shown.state, State::accepted);
  EXPECT_EQ(shown.accepted_at, payment::UtcMs{5});
  EXPECT_EQ(shown.processor, payment::no_processor);
  EXPECT_FALSE(shown.requested_at);
  EXPECT_FALSE(shown.settled_at);
  EXPECT_TRUE(shown.attempts.empty());
}

TEST(View, OfAnAttemptThatHasNoAnswerYet) {
  const PaymentView shown = view({"a", "1", "t", "5", "s", "1", "n", "2", "p", "0", "q", "77", "h",
                                  refused(1, Outcome::refused)});
  EXPECT_EQ(shown.state, State::attempting);
  EXPECT_EQ(shown.processor, cheap);
  EXPECT_EQ(shown.requested_at, payment::UtcMs{77});
  ASSERT_EQ(shown.attempts.size(), 2u);
  EXPECT_EQ(shown.attempts[0].processor, dear);
  EXPECT_EQ(shown.attempts[0].requested_at, payment::UtcMs{10});
  EXPECT_EQ(shown.attempts[0].outcome, Outcome::refused);
  EXPECT_EQ(shown.attempts[1].number, 2u);
  EXPECT_FALSE(shown.attempts[1].outcome);
}

TEST(View, OfAPaymentAllOfWhoseAttemptsWereRefused) {
  const PaymentView shown = view({"a", "1", "t", "5", "s", "0", "n", "1", "p", "1", "q", "10", "h",
                                  refused(1, Outcome::our_fault)});
  ASSERT_EQ(shown.attempts.size(), 1u);
  EXPECT_EQ(shown.attempts[0].outcome, Outcome::our_fault);
}

TEST(View, OfASettledPaymentSaysWhatTheBooksSay) {
  const PaymentView shown = view({"a",  "1990", "t", "5", "s",  "3", "n",  "1", "p",    "0", "q",
                                  "77", "x",    "1", "y", "78", "d", "90", "b", "2000", "f", "1"});
  EXPECT_EQ(shown.state, State::settled);
  EXPECT_EQ(shown.amount, cents(1990)) << "what was asked for";
  EXPECT_EQ(shown.processor, dear);
  EXPECT_EQ(shown.requested_at, payment::UtcMs{78});
  EXPECT_EQ(shown.settled_at, payment::UtcMs{90});
  EXPECT_TRUE(shown.finding);
  ASSERT_EQ(shown.attempts.size(), 1u);
  EXPECT_EQ(shown.attempts[0].outcome, Outcome::taken);
}

TEST(View, ShowsNoMoreAttemptsThanAreRemembered) {
  std::string history;
  for (std::uint32_t number = 1; number <= max_attempts_remembered; ++number) {
    history += refused(number, Outcome::refused);
  }
  const auto shown = [&](std::string n) {
    return view({"a", "1", "t", "5", "s", "1", "n", n, "p", "0", "q", "77", "h", history}).attempts;
  };
  EXPECT_EQ(shown(std::to_string(max_attempts_remembered)).size(), max_attempts_remembered);
  const auto beyond = shown(std::to_string(max_attempts_remembered + 1));
  EXPECT_EQ(beyond.size(), max_attempts_remembered);
  EXPECT_EQ(beyond.front().number, 2u);
  EXPECT_EQ(beyond.back().number, max_attempts_remembered + 1);
}

}  // namespace
}  // namespace payswitch::store::shared
