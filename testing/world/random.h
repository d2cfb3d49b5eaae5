#pragma once

#include <array>
#include <cstdint>

#include "platform/random.h"

namespace payswitch::lab {

// Random that can be repeated: the same seed gives the same numbers on every machine (xoshiro256**,
// seeded by splitmix64). One thread.
class SeededRandom final : public platform::Random {
 public:
  explicit SeededRandom(std::uint64_t seed);

  std::uint64_t next() override;

  // Uniform in [0, bound); `bound` is at least 1. The bias of the modulo does not matter here.
  std::uint64_t below(std::uint64_t bound);

  // True once in `of` times on average.
  bool one_in(std::uint64_t of) { return below(of) == 0; }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace payswitch::lab
