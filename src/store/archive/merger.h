#pragma once

#include <memory>
#include <vector>

#include "platform/disk.h"
#include "store/archive/file.h"
#include "store/archive/writer.h"

// What goes into a merged file. It runs on a helper thread and may wait for the disk.
namespace payswitch::store::embedded {

using ArchiveFiles = std::vector<std::shared_ptr<const ArchiveFile>>;

// Several sealed files, each following the one before, as one. At least two. `filter_seed` is new.
SealInfo merged_info(const ArchiveFiles& parts, std::uint64_t filter_seed);
platform::Disk::Content merge_of(const ArchiveFiles& parts, const SealInfo& info);

}  // namespace payswitch::store::embedded
