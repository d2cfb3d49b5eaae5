#include "payment/outcome.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace payswitch::payment {
namespace {

using enum Outcome;

constexpr std::array all = {taken,         already_booked, refused, throttled, our_fault,
                            misconfigured, not_sent,       unknown, released};

TEST(Outcome, NumbersAreOnDiskAndStayAsTheyAre) {
  for (std::size_t number = 0; number < all.size(); ++number) {
    EXPECT_EQ(static_cast<std::size_t>(all[number]), number);
  }
}

TEST(Outcome, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const Outcome outcome : all) names.insert(to_string(outcome));
  EXPECT_EQ(names.size(), all.size());
  EXPECT_EQ(to_string(taken), "taken");
  EXPECT_EQ(to_string(already_booked), "already_booked");
  EXPECT_EQ(to_string(refused), "refused");
  EXPECT_EQ(to_string(throttled), "throttled");
  EXPECT_EQ(to_string(our_fault), "our_fault");
  EXPECT_EQ(to_string(misconfigured), "misconfigured");
  EXPECT_EQ(to_string(not_sent), "not_sent");
  EXPECT_EQ(to_string(unknown), "unknown");
  EXPECT_EQ(to_string(released), "released");
}

TEST(Outcome, OnlyAnswersThatProveThatTheRequestWasNotTakenAreRefusals) {
  const std::set<Outcome> refusals = {refused, throttled, our_fault, misconfigured, not_sent};
  for (const Outcome outcome : all) {
    EXPECT_EQ(is_refusal(outcome), refusals.contains(outcome)) << to_string(outcome);
  }
}

TEST(OutcomeDeathTest, ANumberThatIsNoOutcomeIsABug) {
  EXPECT_DEATH(to_string(static_cast<Outcome>(all.size())), "assert|Assert");
}

}  // namespace
}  // namespace payswitch::payment
