#include "tools/load/pace.h"

#include <cassert>

namespace payswitch::lab::load {
namespace {

constexpr auto second = platform::Duration(std::chrono::seconds(1)).count();

}  // namespace

// Counted from the start each time, so that rounding never adds up to another rate.
Pace::Pace(std::uint64_t per_second, platform::Duration span) : per_second_(per_second) {
  assert(per_second > 0 && per_second <= max_per_second);
  assert(span > platform::Duration::zero() && span <= max_span);
  const __int128 scaled = static_cast<__int128>(span.count()) * per_second;
  total_ = static_cast<std::uint64_t>((scaled + second - 1) / second);
}

platform::Duration Pace::due(std::uint64_t number) const {
  const __int128 scaled = static_cast<__int128>(number) * second;
  return platform::Duration(static_cast<std::int64_t>(scaled / per_second_));
}

}  // namespace payswitch::lab::load
