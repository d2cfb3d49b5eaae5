#include <time.h>

#include <cassert>

#include "platform/linux/real.h"

namespace payswitch::platform {
namespace {

timespec read(clockid_t which) {
  timespec time{};
  const int result = clock_gettime(which, &time);
  assert(result == 0);
  return time;
}

class RealClock final : public Clock {
 public:
  Instant now() const override {
    const timespec time = read(CLOCK_MONOTONIC);
    return Instant{std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)};
  }

  payment::UtcMs wall() const override {
    const timespec time = read(CLOCK_REALTIME);
    return {std::int64_t{time.tv_sec} * 1'000 + time.tv_nsec / 1'000'000};
  }
};

}  // namespace

std::unique_ptr<Clock> make_real_clock() {
  return std::make_unique<RealClock>();
}

}  // namespace payswitch::platform
