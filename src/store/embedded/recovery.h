#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "platform/disk.h"
#include "platform/log.h"
#include "store/archive/file_set.h"
#include "store/embedded/cut.h"
#include "store/embedded/index.h"
#include "store/journal/start.h"
#include "store/options.h"

namespace payswitch::store::embedded {

// Reads the journal, from the first segment that is not archived, into `index`; removes the
// segments that are; takes what is configured (configured.h), and makes durable what it read
// (PROTOCOL 4.3): when it returns, nothing that the index holds can be taken back by a power cut.
// Blocks.
std::expected<journal::Start, RefusedStart> recover(const Options& options, platform::Disk& disk,
                                                    const platform::Clock& clock,
                                                    platform::Log& log,
                                                    const archive::FileSet& archived, Index& index);

}  // namespace payswitch::store::embedded
