#pragma once

#include <cstdint>

namespace payswitch::world {

// Randomness for jitter and sampling; never for secrets. Loop thread only.
class Chance {
 public:
  virtual ~Chance() = default;

  virtual std::uint64_t next() = 0;

  // Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

}  // namespace payswitch::world
