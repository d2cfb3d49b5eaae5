#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "testing/simulator/fault_plan.h"

namespace payswitch::lab::simulator {

struct RunOptions {
  std::uint64_t seed = 1;
  std::uint32_t payments = 5'000;
  std::FILE* trace = nullptr;  // where every event is written
};

// What a run was, and how often what befell it.
struct Outcome {
  std::optional<std::string> violation;
  std::uint64_t payments = 0;  // that reached the switch
  std::uint64_t promises = 0;  // answered 202
  std::uint64_t bookings = 0;
  std::uint64_t lives = 0;
  std::uint64_t kills = 0;
  std::uint64_t clean_stops = 0;
  std::uint64_t damaged_ends = 0;  // starts after one with a flipped bit, all refused
  std::uint64_t sleeps = 0;        // of one of several instances
  std::uint64_t power_cuts = 0;
  std::uint64_t cut_recoveries = 0;
  std::uint64_t journal_failures = 0;
  std::uint64_t full_disks = 0;
  std::uint64_t descriptor_shortages = 0;
  std::uint64_t sealed_files = 0;  // made, the merged ones included
  std::uint64_t deaths_in_sealing = 0;
  std::uint64_t look_ups = 0;  // that waited for the disk
  std::uint64_t wall_jumps = 0;
  std::uint64_t wrong_places = 0;  // starts with a processor elsewhere, all refused
  std::uint64_t steps = 0;
  platform::Duration virtual_time{};
  std::array<std::uint64_t, profile_count> posts_by_profile{};

  void add(const Outcome& other);
};

// One world from one seed: the same seed and number of payments give the same run, byte for byte,
// on any machine.
Outcome run(const RunOptions& options);

}  // namespace payswitch::lab::simulator
