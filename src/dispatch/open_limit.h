#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dispatch/options.h"
#include "platform/memory.h"

// How many payments may be open, from the memory that there is: a backlog that does not fit ends
// the process, and every process that reads it back.
namespace payswitch::dispatch {

// What an open payment that waits takes at most, in the index, in dispatch and in its queue: a
// test holds it true. One that is at work takes up to twice that, with its attempt and its timer;
// there is room for it, as a backlog gets half of the memory.
inline constexpr std::uint64_t open_payment_bytes = 250;

// Less than that is no limit to run with, however small the machine.
inline constexpr std::uint64_t min_default_open_payments = 10'000;
inline constexpr std::uint64_t max_default_open_payments = Options{}.max_open_payments;

// The largest backlog that half of so much memory carries; within the two above. Pure.
std::uint64_t open_payments_carried(std::uint64_t memory_bytes);

struct OpenLimit {
  std::uint64_t payments = 0;
  std::string why;                     // "from 320 MiB of memory (cgroup)", "as configured"
  std::optional<std::string> warning;  // it is more than memory carries
};

// `configured` wins, if there is one. Pure.
OpenLimit open_limit(std::optional<std::uint64_t> configured, const platform::MemoryLimit& memory);

}  // namespace payswitch::dispatch
