#pragma once

#include <cstdint>

// What this process has cost the machine.
namespace payswitch::bench {

// All threads together. What the kernel does for it in threads of its own (write-back, the file
// system's journal) is in none of the figures.
struct Usage {
  double user_seconds = 0;
  double system_seconds = 0;
  double wall_seconds = 0;
  double peak_mib = 0;              // resident
  std::uint64_t written_bytes = 0;  // handed to the kernel, to be written
  std::uint64_t switches = 0;       // of context, because a thread had to wait

  double cpu_seconds() const { return user_seconds + system_seconds; }
};

Usage usage_now();

// The difference; the peak is that of `later`.
Usage operator-(const Usage& later, const Usage& earlier);

}  // namespace payswitch::bench
