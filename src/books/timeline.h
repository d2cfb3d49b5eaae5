#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "payment/money.h"
#include "payment/time.h"

namespace payswitch::books {

// Totals by millisecond, with the same totals added up by 2^5 ms, 2^10 ms and so on to 2^30 ms (32
// ms, 1 s, 33 s, 17 min, 9 h, 12 days): a window is a few whole buckets and two ragged edges. A sum
// touches at most 2 x 31 buckets on each of the lower levels, and on the highest one for every 12
// days that hold a payment. An add near the end, where time goes on, is cheap. Memory: about 100
// bytes for every millisecond that holds a payment. Any moment is welcome, also before 1970. Not
// thread-safe.
class Timeline {
 public:
  void add(payment::UtcMs time, payment::Money amount);

  // Both ends inclusive. from > to is an empty window.
  payment::Total sum(payment::UtcMs from, payment::UtcMs to) const;

 private:
  static constexpr int level_bits = 5;
  static constexpr int level_count = 7;
  using Level = std::map<std::int64_t, payment::Total>;

  std::array<Level, level_count> levels_;
};

}  // namespace payswitch::books
