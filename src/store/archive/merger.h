#pragma once

#include <memory>
#include <vector>

#include "store/embedded/memtable.h"
#include "store/archive/file.h"
#include "store/archive/writer.h"
#include "platform/disk.h"

// What goes into a sealed file. Both run on a helper thread and may wait for the disk.
namespace payswitch::store::embedded {

// One segment's settled payments. `generation` does not change any more.
world::Disk::Content seal_of(std::shared_ptr<const Generation> generation, const SealInfo& info);

using SealedFiles = std::vector<std::shared_ptr<const SealedFile>>;

// Several sealed files, each following the one before, as one. At least two. `filter_seed` is new.
SealInfo merged_info(const SealedFiles& parts, std::uint64_t filter_seed);
world::Disk::Content merge_of(const SealedFiles& parts, const SealInfo& info);

}  // namespace payswitch::store::embedded
