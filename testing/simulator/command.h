#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "platform/clock.h"

namespace payswitch::lab::simulator {

struct SimulateOptions {
  std::uint64_t seed = 1;
  std::uint32_t payments = 5'000;
  std::uint64_t runs = 1;                          // seeds from `seed` on
  std::optional<platform::Duration> at_most = {};  // of real time: no run begins after it
  bool trace = false;
  bool is_group = false;  // several instances on one Redis
};

// From the real clock.
std::uint64_t fresh_seed();

// Runs seed after seed, and says at the end what they were. False when a run failed: its seed is
// the last line of standard output, ready to be given again.
bool simulate(const SimulateOptions& options);

}  // namespace payswitch::lab::simulator
