#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "platform/directory.h"
#include "platform/disk.h"

// The system calls of the real disk, each repeated after EINTR and finished when it was cut short.
// Paths are relative to the open directory `directory`. Any thread; every call blocks.
namespace payswitch::platform {

// Owns a file descriptor.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~File();

  int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

// `flags` as for open(2); O_CLOEXEC and O_NOFOLLOW are added, and new files are for their owner
// only (0600).
DiskResult<File> open_file(const File& directory, const std::string& name, int flags);

DiskResult<File> open_directory(const std::string& path);

DiskResult<Bytes> read_whole(const File& file, const std::string& name);

DiskResult<void> write_at(const File& file, const std::string& name, std::uint64_t offset,
                          std::span<const std::byte> bytes);

DiskResult<void> sync(const File& file, const std::string& name, Sync what);

// A file that is read in pieces, by any thread.
DiskResult<std::shared_ptr<const RandomAccessFile>> open_still_file(const File& directory,
                                                                    const std::string& name);

// The error of the call that has just failed: `operation` and the file, for a person.
std::unexpected<DiskError> failed(const char* operation, const std::string& name);

}  // namespace payswitch::platform
