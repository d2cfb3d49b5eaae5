#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#include "platform/clock.h"

// The contest's timetable. Pure.
namespace payswitch::lab::contest {

// The two processors of the contest, as indices into pairs.
inline constexpr std::size_t cheap = 0;  // "default"
inline constexpr std::size_t dear = 1;   // "fallback"
inline constexpr std::array<const char*, 2> processor_names{"default", "fallback"};

template <class Value>
using Pair = std::array<Value, 2>;

struct Setting {
  std::chrono::milliseconds delay{0};
  bool failing = false;

  bool operator==(const Setting&) const = default;
};

// How the processors behave from `starts` to the next stage.
struct Stage {
  platform::Duration starts;
  Pair<Setting> settings;
};

struct Schedule {
  std::vector<Stage> stages;
  platform::Duration length;  // until no client pays any more
  std::size_t clients;        // at the end of the length; one at its start
  platform::Duration client_rest;
  std::vector<platform::Duration> checks;  // when the books are compared
  // A check compares what was requested between these two ago; the last one begins further back
  // and reaches up to its own moment.
  platform::Duration check_from;
  platform::Duration check_to;
  platform::Duration last_check_from;
};

inline constexpr double min_scale = 0.01;
inline constexpr double max_scale = 10;

// All times of the schedule are multiplied by `scale`, within its limits (a bug otherwise), the
// processors' delays too. A client's rest between two payments is not: it makes the rate. Nor is
// the time by which the last check reaches back beyond the run: clients rest before it.
Schedule make_schedule(double scale);

// When a client begins, numbered from 0. They come evenly; the last would come as the run ends.
platform::Duration client_starts(const Schedule& schedule, std::size_t client);

// The stage at that moment; the first one rules from the beginning.
std::size_t stage_at(const Schedule& schedule, platform::Duration elapsed);

}  // namespace payswitch::lab::contest
