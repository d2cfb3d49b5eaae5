#include "tools/contest/score.h"

#include <algorithm>
#include <chrono>

namespace payswitch::lab::contest {
namespace {

constexpr Pair<std::int64_t> fee_percent{5, 15};
constexpr std::int64_t penalty_percent = 35;
constexpr std::int64_t bonus_percent_each_ms = 2;
constexpr platform::Duration no_bonus_from = std::chrono::milliseconds(11);

// `part` of `whole`, of a sum that is not negative.
std::int64_t share(__int128 sum, std::int64_t part, std::int64_t whole) {
  return static_cast<std::int64_t>((sum * part + whole / 2) / whole);
}

}  // namespace

Score score_of(const Pair<payment::Total>& summary, platform::Duration p99,
               std::uint64_t inconsistencies) {
  constexpr platform::Duration ms = std::chrono::milliseconds(1);
  Score score;
  __int128 hundredths_of_fees = 0;
  for (const std::size_t processor : {cheap, dear}) {
    score.amount += static_cast<std::int64_t>(summary[processor].cents);
    hundredths_of_fees += summary[processor].cents * fee_percent[processor];
  }
  score.fees = share(hundredths_of_fees, 1, 100);
  score.profit = score.amount - score.fees;
  const platform::Duration below = std::max(no_bonus_from - p99, platform::Duration::zero());
  score.bonus = share(score.profit, below.count() * bonus_percent_each_ms, ms.count() * 100);
  if (inconsistencies > 0) score.penalty = share(score.profit, penalty_percent, 100);
  score.total = score.profit + score.bonus - score.penalty;
  return score;
}

}  // namespace payswitch::lab::contest
