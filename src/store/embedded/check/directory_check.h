#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "platform/progress.h"
#include "store/embedded/check/discrepancy.h"
#include "store/embedded/check/files.h"
#include "store/embedded/check/record_audit.h"
#include "store/unasked.h"

namespace payswitch::store::embedded::check {

// What was read of a data directory, and what of it is wrong.
struct Report {
  std::uint64_t sealed_files = 0;
  std::uint64_t sealed_payments = 0;
  std::uint64_t segments = 0;
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  std::optional<Place> tear;  // after the last batch: never acknowledged, no discrepancy
  Sums sums;
  std::vector<Discrepancy> discrepancies;  // the first max_discrepancies_reported
  std::uint64_t discrepancy_count = 0;
  std::vector<UnaskedAt> unasked;  // filled in by the caller, who knows what is configured
};

inline constexpr std::size_t max_discrepancies_reported = 1'000;

// How often a directory that changes is read before the check gives up.
inline constexpr int max_readings = 5;

// Checks the embedded store in `files`: every payment and total of its archive files, and every
// record, state and total of the journal after them. A switch may be at work on it: what it writes
// between two reads can look like damage, so discrepancies are believed when they are read twice in
// a row. It takes as much memory as the switch itself. Blocks. An error is one line for a person:
// there is nothing to check, or it cannot be read.
std::expected<Report, std::string> check_directory(Files& files, platform::Progress& progress);

}  // namespace payswitch::store::embedded::check
