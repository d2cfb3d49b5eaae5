#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>

#include "platform/clock.h"
#include "platform/disk.h"
#include "platform/log.h"
#include "platform/loop.h"
#include "platform/random.h"
#include "store/journal/start.h"
#include "store/options.h"
#include "store/store.h"

namespace payswitch::store::embedded {

// Opens the store in the directory after `disk`: reads the journal, makes what survived durable
// again (PROTOCOL 4.3) and registers the processors' names. Blocks; before the loop runs. An error
// is one line for a person: damage (file and offset), a newer format, a disk error. Damage names
// the way out, Options::cut_at_damage.
std::expected<std::unique_ptr<Store>, std::string> open(const Options& options,
                                                        platform::Disk& disk, platform::Loop& loop,
                                                        platform::Timers& timers,
                                                        const platform::Clock& clock,
                                                        platform::Random& random,
                                                        platform::Log& log, journal::Fatal fatal);

// The most file descriptors that a store takes, its disk's included.
std::size_t max_descriptors();

}  // namespace payswitch::store::embedded
