#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "payment/time.h"
#include "platform/log.h"
#include "store/embedded/index.h"
#include "store/options.h"

namespace payswitch::store::embedded {

// Brings what the operator has configured into a store that has just been read: numbers for
// processors that have none, their origins, whether the directory was restored. Changes `index`,
// and returns the records that say so, to be made durable from `next_sequence` on before anything
// else is. An error is one line for a person: the start is refused (PROTOCOL 3.3), or there are too
// many names.
std::expected<std::vector<journal::Record>, std::string> take_configuration(
    const Options& options, payment::UtcMs now, platform::Log& log, Index& index,
    std::uint64_t next_sequence);

}  // namespace payswitch::store::embedded
