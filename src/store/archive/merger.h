#pragma once

#include <memory>
#include <vector>

#include "platform/disk.h"
#include "store/archive/builder.h"
#include "store/archive/file.h"

// What goes into a merged file. It runs on a helper thread and may wait for the disk.
namespace payswitch::store::archive {

// Several archive files, each following the one before, as one. At least two. `filter_seed` is new.
FileInfo merged_info(const Files& parts, std::uint64_t filter_seed);
platform::Disk::Content merged_content(const Files& parts, const FileInfo& info);

}  // namespace payswitch::store::archive
