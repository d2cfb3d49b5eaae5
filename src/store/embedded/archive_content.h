#pragma once

#include <memory>

#include "platform/disk.h"
#include "store/archive/builder.h"
#include "store/embedded/memtable.h"

namespace payswitch::store::embedded {

// What goes into the archive file of one segment: its settled payments. `memtable` does not change
// any more. It runs on a helper thread and may wait for the disk.
platform::Disk::Content archive_content(std::shared_ptr<const Memtable> memtable,
                                        const archive::FileInfo& info);

}  // namespace payswitch::store::embedded
