#include "dispatch/refusals.h"

#include <gtest/gtest.h>

namespace payswitch::dispatch {
namespace {

using payment::Outcome;
using std::chrono::seconds;
using Next = Refusals::Next;

constexpr payment::ProcessorNumber first = 0;
constexpr payment::ProcessorNumber second = 1;
constexpr std::uint32_t both = 0b11;
constexpr platform::Instant now{seconds(100)};

Next refuse(Refusals& refusals, payment::ProcessorNumber by, Outcome reason = Outcome::refused,
            bool has_patience = false) {
  return refusals.add(by, reason, both, now, has_patience);
}

TEST(Refusals, TheFirstOneSendsThePaymentToTheOtherProcessor) {
  Refusals refusals;
  EXPECT_EQ(refuse(refusals, first), Next::other_processor);
  EXPECT_TRUE(refusals.has_refused(first));
  EXPECT_FALSE(refusals.has_refused(second));
}

TEST(Refusals, WhenAllHaveRefusedAPauseBeginsTheNextRound) {
  Refusals refusals;
  refuse(refusals, first);
  EXPECT_EQ(refuse(refusals, second), Next::back_off);
  EXPECT_FALSE(refusals.has_refused(first));
  EXPECT_FALSE(refusals.has_refused(second));
}

TEST(Refusals, OneThatRefusesItAgainInTheSameRoundBringsAPause) {
  Refusals refusals;
  refuse(refusals, first);
  EXPECT_EQ(refuse(refusals, first), Next::back_off);
}

TEST(Refusals, WhileThereIsPatienceThePaymentWaitsForTheCheapestOne) {
  Refusals refusals;
  EXPECT_EQ(refuse(refusals, first, Outcome::refused, true), Next::back_off);
}

TEST(Refusals, AThrottledPaymentWaitsAndTheProcessorCountsAsWorking) {
  Refusals refusals;
  EXPECT_EQ(refuse(refusals, first, Outcome::throttled), Next::back_off);
  EXPECT_FALSE(refusals.has_refused(first));
}

TEST(Refusals, OurFaultExcludesTheProcessorWhateverThePatience) {
  Refusals refusals;
  EXPECT_EQ(refuse(refusals, second, Outcome::our_fault, true), Next::other_processor);
  EXPECT_EQ(refusals.our_fault_mask(), 0b10u);
}

TEST(Refusals, ARoundIsOverWhenAllThatAreLeftHaveRefused) {
  Refusals refusals(0b10);
  EXPECT_EQ(refuse(refusals, first), Next::back_off);
  EXPECT_EQ(refusals.our_fault_mask(), 0b10u);
}

TEST(Refusals, WhatWasRefusedInAnOutageIsForgottenAfterItAndOurFaultIsNot) {
  Refusals refusals;
  refuse(refusals, first);
  refuse(refusals, second, Outcome::our_fault);
  refusals.forget_before(now);
  EXPECT_TRUE(refusals.has_refused(first));
  refusals.forget_before(now + platform::Duration(1));
  EXPECT_FALSE(refusals.has_refused(first));
  EXPECT_EQ(refusals.our_fault_mask(), 0b10u);
}

}  // namespace
}  // namespace payswitch::dispatch
