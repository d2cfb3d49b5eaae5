#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "testing/simulator/virtual_switch.h"
#include "testing/world/random.h"

namespace payswitch::lab::simulator {

// How a processor treats requests for a while.
enum class FaultProfile : std::uint8_t {
  healthy,     // quick and right
  slow,        // up to two seconds
  late,        // answers, and books, after attempt_timeout, or after hang_up
  refusing,    // 500 with an empty body
  throttling,  // 429
  erring,      // 500 with a body, other 5xx, 408, 409, 3xx; booked or not
  lossy,       // cut, garbled or no answer; booked or not
  forbidding,  // 401, 403, 404, 405
  faulting,    // 400, 413, 415: says that the request is our fault
  mixed,       // each request meets another one of these
  down,        // refuses connections; what was running is cut, and may book all the same
  stopped,     // takes requests into its sockets, and runs them when it is woken up
};
inline constexpr std::size_t profile_count = 12;
std::string_view to_string(FaultProfile profile);

enum class Death : std::uint8_t { none, kill, power_cut, either };

// Which faults a run has and how often: drawn from its seed, plain data.
struct FaultPlan {
  std::size_t processors = 2;
  std::array<bool, profile_count> profiles{};  // which of them occur; healthy always does
  bool single_faults = false;                  // now and then, also of one that is healthy
  platform::Duration longest_profile{};        // profiles last from 100 ms to this
  platform::Duration longest_stop{};           // and a stop at most this
  bool odd_answers_to_get = false;             // 429, cut, silence, nonsense
  bool gets_are_slow = false;                  // up to attempt_timeout and beyond
  bool books_after_answering = false;          // what answered 5xx or was cut may land much later
  bool health_lies = false;                    // says failing when it is not, 429, silence
  Death death = Death::none;
  std::uint64_t steps_between_deaths = 0;  // on average
  bool dies_in_recovery = false;
  bool dies_in_sealing = false;      // at any step of sealing and merging
  bool sealing_is_slow = false;      // a sealed file takes up to seconds
  bool disk_is_slow = false;         // syncs take up to seconds, now and then
  bool disk_fills_up = false;        // no new segment for a while
  bool disk_fails = false;           // a write or a sync reports an error
  bool descriptors_run_out = false;  // no file can be opened for a while
  bool wall_jumps = false;           // up to an hour, either way
  bool clients_repeat = false;
  bool clients_contradict = false;  // the same id with another amount
  bool clients_vanish = false;      // never see their answer
  bool clients_burst = false;
  platform::Duration pause_between_payments{};  // on average
  bool limits_are_small = false;
  bool stops_cleanly = false;               // now and then, in place of dying
  bool operator_errs_about_places = false;  // tries to start with a processor at another URL
  SwitchSettings settings;
};

FaultPlan draw_fault_plan(SeededRandom& random);

// One line for a trace.
std::string describe(const FaultPlan& plan);

// Uniform in [least, most].
platform::Duration between(SeededRandom& random, platform::Duration least, platform::Duration most);

}  // namespace payswitch::lab::simulator
