#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "platform/clock.h"
#include "platform/disk.h"
#include "platform/log.h"
#include "store/journal/batch.h"

// The way out of a start that is refused because of damage, when the operator says so
// (Options::cut_at_damage): the log ends before the damage, and what lies after it is kept aside
// under names that the store ignores. Nothing is deleted. Blocks; before the loop runs.
namespace payswitch::store::embedded {

// Where a log can be cut.
struct Cut {
  std::uint64_t segment = 0;  // the last one; it may be missing
  std::uint64_t offset = 0;   // after its last batch
  journal::Chain chain;       // that batch, or the last one before it
};

// Why a start is refused.
struct RefusedStart {
  std::string line;  // for a person
  // A cut is a way out. For archive files it is not known where before it is asked for.
  bool can_be_cut = false;
  std::optional<Cut> cut = std::nullopt;
};

// Says of a refusal that there is a way out, and which.
std::string with_way_out(const RefusedStart& refusal);

// After the longest run of archive files, from the first on, that are whole and follow each other.
// Reads all of them.
std::expected<Cut, std::string> cut_after_whole_archive_files(platform::Disk& disk);

// Ends the log there with the record that the store was restored, and puts aside what lies after.
// When the process dies before that is done, a start is refused as before, and this is done again.
std::expected<void, std::string> cut_log(const Cut& cut, platform::Disk& disk,
                                         const platform::Clock& clock, platform::Log& log);

}  // namespace payswitch::store::embedded
