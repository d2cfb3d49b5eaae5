// Sums of windows, against a plain list.
#include <fuzzer/FuzzedDataProvider.h>

#include <cassert>
#include <vector>

#include "books/timeline.h"

namespace {

using namespace payswitch;
using payment::Money;
using payment::Total;
using payment::UtcMs;

// Near the others more often than not: in buckets that they share, or at their edges.
UtcMs moment(FuzzedDataProvider& input, UtcMs base) {
  switch (input.ConsumeIntegralInRange(0, 3)) {
    case 0:
      return {input.ConsumeIntegral<std::int64_t>()};
    case 1:
      return {base.value + input.ConsumeIntegral<std::int8_t>()};
    case 2:
      return {base.value + input.ConsumeIntegral<std::int32_t>()};
    default: {
      const int level = input.ConsumeIntegralInRange(0, 6);
      const auto edge = (base.value >> 5 * level) * (std::int64_t{1} << 5 * level);
      return {edge + input.ConsumeIntegralInRange(-1, 1)};
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const UtcMs base{input.ConsumeIntegral<std::int64_t>() / 2};
  books::Timeline timeline;
  std::vector<std::pair<UtcMs, Money>> list;
  while (input.remaining_bytes() > 0) {
    if (input.ConsumeBool()) {
      const UtcMs time = moment(input, base);
      const Money amount =
          Money::from_cents(input.ConsumeIntegralInRange<std::int64_t>(0, Money::max_cents));
      timeline.add(time, amount);
      list.emplace_back(time, amount);
      continue;
    }
    const UtcMs from = moment(input, base);
    const UtcMs to = moment(input, base);
    Total naive;
    for (const auto& [time, amount] : list) {
      if (from <= time && time <= to) naive.add(amount);
    }
    assert(timeline.sum(from, to) == naive);
  }
  return 0;
}
