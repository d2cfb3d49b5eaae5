#pragma once

#include <memory>

#include "platform/disk.h"
#include "store/archive/writer.h"
#include "store/embedded/memtable.h"

namespace payswitch::store::embedded {

// What goes into the sealed file of one segment: its settled payments. `generation` does not change
// any more. It runs on a helper thread and may wait for the disk.
platform::Disk::Content seal_of(std::shared_ptr<const Memtable> generation, const SealInfo& info);

}  // namespace payswitch::store::embedded
