#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "payment/money.h"
#include "payment/time.h"
#include "tools/contest/schedule.h"

// What the switch and the processors say of one window of time. Pure.
namespace payswitch::lab::contest {

// Both ends inclusive.
struct Window {
  payment::UtcMs from;
  payment::UtcMs to;

  bool operator==(const Window&) const = default;
};

Window window_at(const Schedule& schedule, payment::UtcMs now);
Window last_window_at(const Schedule& schedule, payment::UtcMs now);

// "?from=…&to=…"
std::string to_query(const Window& window);

struct Check {
  platform::Duration at;  // since the start of the run
  Window window;
  Pair<payment::Total> ours;    // the switch's summary
  Pair<payment::Total> theirs;  // the processors' own
};

// By how many payments the two sides differ, at both processors together.
std::uint64_t inconsistencies(const Check& check);

// Of service-health, at one processor.
struct HealthCalls {
  std::uint64_t all = 0;
  std::uint64_t too_early = 0;  // within five seconds of the one before

  bool operator==(const HealthCalls&) const = default;
};

// {"health_calls":12,"health_throttled":0,…}
std::expected<HealthCalls, std::string> read_health_calls(std::string_view json);

// {"default":{"totalRequests":1,"totalAmount":19.90},"fallback":{…}}
std::expected<Pair<payment::Total>, std::string> read_summary(std::string_view json);
// {"totalRequests":1,"totalAmount":19.90,…}
std::expected<payment::Total, std::string> read_total(std::string_view json);

}  // namespace payswitch::lab::contest
