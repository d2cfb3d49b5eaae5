#include "bench/usage.h"

#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <string>

namespace payswitch::bench {

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::uint64_t written_bytes() {
  std::ifstream file("/proc/self/io");
  std::string name;
  std::uint64_t value = 0;
  while (file >> name >> value) {
    if (name == "wchar:") return value;
  }
  return 0;
}

}  // namespace

Usage usage_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {.user_seconds = seconds(usage.ru_utime),
          .system_seconds = seconds(usage.ru_stime),
          .wall_seconds = std::chrono::duration<double>(now).count(),
          .peak_mib = static_cast<double>(usage.ru_maxrss) / 1024,
          .written_bytes = written_bytes(),
          .switches = static_cast<std::uint64_t>(usage.ru_nvcsw)};
}

Usage operator-(const Usage& later, const Usage& earlier) {
  return {.user_seconds = later.user_seconds - earlier.user_seconds,
          .system_seconds = later.system_seconds - earlier.system_seconds,
          .wall_seconds = later.wall_seconds - earlier.wall_seconds,
          .peak_mib = later.peak_mib,
          .written_bytes = later.written_bytes - earlier.written_bytes,
          .switches = later.switches - earlier.switches};
}

}  // namespace payswitch::bench
