#include "tools/contest/score.h"

#include <gtest/gtest.h>

namespace payswitch::lab::contest {
namespace {

using namespace std::chrono_literals;

Pair<payment::Total> taken(std::int64_t cheap_cents, std::int64_t dear_cents) {
  return {{{.count = 1, .cents = cheap_cents}, {.count = 1, .cents = dear_cents}}};
}

TEST(Score, TakesEachProcessorsFeeOfItsOwnAmount) {
  const Score score = score_of(taken(100'00, 200'00), 11ms, 0);
  EXPECT_EQ(score.amount, 300'00);
  EXPECT_EQ(score.fees, 5'00 + 30'00);
  EXPECT_EQ(score.profit, 265'00);
  EXPECT_EQ(score.bonus, 0);
  EXPECT_EQ(score.total, 265'00);
}

TEST(Score, EveryMillisecondBelowElevenEarnsTwoPercent) {
  EXPECT_EQ(score_of(taken(1'000'00, 0), 10ms, 0).bonus, 19'00);
  EXPECT_EQ(score_of(taken(1'000'00, 0), 10'500us, 0).bonus, 9'50);
  EXPECT_EQ(score_of(taken(1'000'00, 0), 1ms, 0).bonus, 190'00);
  EXPECT_EQ(score_of(taken(1'000'00, 0), 0ms, 0).bonus, 209'00);
  EXPECT_EQ(score_of(taken(1'000'00, 0), 11ms, 0).bonus, 0);
  EXPECT_EQ(score_of(taken(1'000'00, 0), 2s, 0).bonus, 0);
}

TEST(Score, OneInconsistencyCostsAsMuchAsAThousand) {
  const Score score = score_of(taken(1'000'00, 0), 1ms, 1);
  EXPECT_EQ(score.penalty, 332'50);
  EXPECT_EQ(score.total, 950'00 + 190'00 - 332'50);
  EXPECT_EQ(score_of(taken(1'000'00, 0), 1ms, 1'000), score);
}

TEST(Score, IsRoundedToTheCentOnceAndNotForEveryPayment) {
  // 5 % of 19.90 is 0.995.
  EXPECT_EQ(score_of(taken(19'90, 0), 11ms, 0).fees, 1'00);
  EXPECT_EQ(score_of(taken(1'000 * 19'90, 0), 11ms, 0).fees, 995'00);
}

TEST(Score, NothingTakenIsNothingEarned) {
  EXPECT_EQ(score_of(taken(0, 0), 1ms, 0), Score{});
}

}  // namespace
}  // namespace payswitch::lab::contest
