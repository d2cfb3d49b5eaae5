#pragma once

#include <cstdint>

#include "payment/money.h"
#include "platform/clock.h"
#include "tools/contest/schedule.h"

// The contest's score. Pure.
namespace payswitch::lab::contest {

// Cents, each rounded to the nearest one.
struct Score {
  std::int64_t amount = 0;
  std::int64_t fees = 0;     // 5 % at the cheap processor, 15 % at the dear one
  std::int64_t profit = 0;   // amount - fees
  std::int64_t bonus = 0;    // 2 % of the profit for each millisecond that the p99 is below 11
  std::int64_t penalty = 0;  // 35 % of the profit, if there was any inconsistency
  std::int64_t total = 0;    // profit + bonus - penalty

  bool operator==(const Score&) const = default;
};

// `summary` is the switch's own, of the last window; `p99` that of POSTs answered with a 2xx.
Score score_of(const Pair<payment::Total>& summary, platform::Duration p99,
               std::uint64_t inconsistencies);

}  // namespace payswitch::lab::contest
