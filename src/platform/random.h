#pragma once

#include <cstdint>

namespace payswitch::platform {

// Randomness for jitter and sampling; never for secrets. Loop thread only.
class Random {
 public:
  virtual ~Random() = default;

  virtual std::uint64_t next() = 0;

  // Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

}  // namespace payswitch::platform
