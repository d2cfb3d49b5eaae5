#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "platform/disk.h"

namespace payswitch::platform {

// All of the file, or only what is needed to read its bytes back.
enum class Sync : std::uint8_t { all, data };

// A file that is open for writing. Every call blocks.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  virtual DiskResult<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  // The file ends at `size` from here on.
  virtual DiskResult<void> cut(std::uint64_t size) = 0;
  // What was written survives a power cut; the name of the file need not.
  virtual DiskResult<void> sync(Sync what) = 0;
};

// The steps of which files are made (platform/making.h): the system calls of the real disk, or the
// same in the laboratory, where the machine can die between two of them. A rename, a new name and a
// removal survive a power cut once the directory was synced, and none of them before that must.
class Directory {
 public:
  virtual ~Directory() = default;

  // A new file; fails (EEXIST) when the name is taken, also by a symbolic link.
  virtual DiskResult<std::unique_ptr<WritableFile>> create(const std::string& name) = 0;
  // One that exists. A symbolic link is an error (ELOOP).
  virtual DiskResult<std::unique_ptr<WritableFile>> open(const std::string& name) = 0;
  // `to` may exist: it is replaced.
  virtual DiskResult<void> rename(const std::string& from, const std::string& to) = 0;
  // ENOENT when there is no such name.
  virtual DiskResult<void> remove(const std::string& name) = 0;
  virtual DiskResult<void> sync() = 0;
};

}  // namespace payswitch::platform
