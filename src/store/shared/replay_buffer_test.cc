#include "store/shared/replay_buffer.h"

#include <gtest/gtest.h>

#include <chrono>

#include "store/samples_fixture.h"

namespace payswitch::store::shared {
namespace {

using std::chrono::seconds;

class LedgerOf30Seconds : public testing::Test {
 protected:
  ReplayBuffer::Number add(std::uint32_t number) {
    return ledger.add(park_operation(test_id(number), at(0)), {}, now);
  }
  std::vector<payment::CorrelationId> said(bool all) {
    std::vector<payment::CorrelationId> ids;
    ledger.for_each(all, [&](ReplayBuffer::Number number, ReplayBuffer::Entry& entry) {
      EXPECT_EQ(ledger.find(number), &entry);
      ids.push_back(entry.operation.id);
    });
    return ids;
  }
  static std::vector<payment::CorrelationId> ids(std::vector<std::uint32_t> numbers) {
    std::vector<payment::CorrelationId> all;
    for (const std::uint32_t each : numbers) all.push_back(test_id(each));
    return all;
  }

  platform::Instant now{seconds(1'000)};
  ReplayBuffer ledger{seconds(30)};
};

TEST_F(LedgerOf30Seconds, WhatHasNoAnswerIsSaidAgainInOrder) {
  const auto first = add(1);
  add(2);
  const auto third = add(3);
  add(4);
  EXPECT_EQ(ledger.waiting(), 4u);
  ledger.answered(third, now);
  EXPECT_EQ(said(false), ids({1, 2, 4}));
  EXPECT_EQ(said(true), ids({1, 2, 3, 4}));
  ledger.answered(first, now);
  EXPECT_EQ(ledger.waiting(), 2u);
}

TEST_F(LedgerOf30Seconds, AnAnswerCountsOnce) {
  const auto first = add(1);
  add(2);
  ledger.answered(first, now);
  ledger.answered(first, now);
  EXPECT_EQ(ledger.waiting(), 1u);
}

TEST_F(LedgerOf30Seconds, AnAnswerLetsGoOfWhatWaitedForIt) {
  const auto witness = std::make_shared<int>(0);
  const auto first = ledger.add(park_operation(test_id(1), at(0)), Store::Done([witness] {}), now);
  EXPECT_EQ(witness.use_count(), 2);
  ledger.answered(first, now);
  EXPECT_EQ(witness.use_count(), 1);
  EXPECT_TRUE(ledger.find(first)->is_answered);
}

TEST_F(LedgerOf30Seconds, WhatWasAnsweredIsRememberedForThatLongAndNoLonger) {
  const auto first = add(1);
  ledger.answered(first, now);
  now += seconds(30);
  ledger.answered(add(2), now);
  EXPECT_EQ(said(true), ids({1, 2}));
  now += platform::Duration(1);
  ledger.answered(add(3), now);
  EXPECT_EQ(said(true), ids({2, 3}));
  EXPECT_EQ(ledger.find(first), nullptr);
  ledger.answered(first, now);  // late, and of no account
  EXPECT_EQ(ledger.waiting(), 0u);
}

TEST_F(LedgerOf30Seconds, WhatHasNoAnswerIsRememberedForEver) {
  const auto first = add(1);
  for (std::uint32_t number = 2; number < 10; ++number) {
    now += seconds(30);
    ledger.answered(add(number), now);
  }
  EXPECT_EQ(said(false), ids({1}));
  EXPECT_EQ(said(true).front(), test_id(1));
  ledger.answered(first, now);
  EXPECT_EQ(said(true), ids({8, 9})) << "the others were only in its shadow";
}

TEST_F(LedgerOf30Seconds, NoMoreThanAMillionAnswersAreRemembered) {
  const auto answer = [&](std::uint32_t number) { ledger.answered(add(number), now); };
  for (std::uint32_t number = 0; number < ReplayBuffer::max_answered; ++number) answer(number);
  EXPECT_EQ(ledger.size(), ReplayBuffer::max_answered);
  EXPECT_NE(ledger.find(1), nullptr);
  answer(0);
  EXPECT_EQ(ledger.size(), ReplayBuffer::max_answered);
  EXPECT_EQ(ledger.find(1), nullptr);
  EXPECT_NE(ledger.find(2), nullptr);
  // What waits does not count against it.
  add(1);
  EXPECT_EQ(ledger.size(), ReplayBuffer::max_answered + 1);
  EXPECT_NE(ledger.find(2), nullptr);
}

}  // namespace
}  // namespace payswitch::store::shared
