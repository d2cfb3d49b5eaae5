#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "platform/directory.h"
#include "platform/disk.h"

// How a file of the data directory comes to be, step by step, so that after any crash it is whole
// under its name, or not there. The same steps run on the real disk and in the laboratory. Any
// thread; blocks.
namespace payswitch::platform {

// Runs after each piece of a long file, which took `worked`, and leaves the disk to others for a
// while. False: the process ends, and the file is given up.
using Rest = std::function<bool(std::chrono::steady_clock::duration worked)>;

// The name under which a file is written until it is whole.
std::string unfinished_name(const std::string& name);

// The promise of Disk::replace().
DiskResult<void> replace_file(Directory& directory, const std::string& name,
                              std::span<const std::byte> content, std::uint64_t size);

// The promise of Disk::make(). Fails (ECANCELED) when `rest` says false.
DiskResult<void> make_file(Directory& directory, const std::string& name, Disk::Content& content,
                           const std::string& instead_of, const Rest& rest);

}  // namespace payswitch::platform
