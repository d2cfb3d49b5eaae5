#include "testing/simulator/run.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace payswitch::lab::simulator {
namespace {

std::string trace_of(std::uint64_t seed) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&text, &size);
  run({.seed = seed, .payments = 300, .trace = out});
  std::fclose(out);
  std::string trace(text, size);
  std::free(text);
  return trace;
}

TEST(Run, TheSameSeedGivesTheSameTraceByteForByte) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto trace = trace_of(seed);
    EXPECT_GT(trace.size(), 10'000u);
    EXPECT_EQ(trace, trace_of(seed)) << seed;
  }
  EXPECT_NE(trace_of(1), trace_of(2));
}

TEST(Run, SaysHowOftenEverythingHappened) {
  Outcome total;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto outcome = run({.seed = seed, .payments = 500});
    EXPECT_EQ(outcome.violation, std::nullopt) << "seed " << seed;
    total.add(outcome);
  }
  EXPECT_GT(total.promises, 100u * 500 / 2);
  EXPECT_GT(total.bookings, total.promises * 9 / 10);
  EXPECT_GT(total.kills, 60u);
  EXPECT_GT(total.power_cuts, 20u);
  EXPECT_GT(total.cut_recoveries, 5u);
  EXPECT_GT(total.journal_failures, 5u);
  EXPECT_GT(total.full_disks, 20u);
  EXPECT_GT(total.descriptor_shortages, 20u);
  EXPECT_GT(total.wall_jumps, 20u);
  for (std::size_t profile = 0; profile < profile_count; ++profile) {
    // One that is down cannot be reached, save by a request that was on its way.
    if (static_cast<FaultProfile>(profile) == FaultProfile::down) continue;
    EXPECT_GT(total.posts_by_profile[profile], 20u)
        << to_string(static_cast<FaultProfile>(profile));
  }
}

}  // namespace
}  // namespace payswitch::lab::simulator
