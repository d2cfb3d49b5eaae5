#pragma once

#include <memory>
#include <string>

#include "platform/directory.h"
#include "platform/linux/file.h"

namespace payswitch::platform {

// The system calls themselves, in the directory that is open as `directory`. Any thread.
class RealDirectory final : public Directory {
 public:
  // `path` is for a person. Both outlive this.
  RealDirectory(const File& directory, const std::string& path)
      : directory_(directory), path_(path) {}

  DiskResult<std::unique_ptr<WritableFile>> create(const std::string& name) override;
  DiskResult<std::unique_ptr<WritableFile>> open(const std::string& name) override;
  DiskResult<void> rename(const std::string& from, const std::string& to) override;
  DiskResult<void> remove(const std::string& name) override;
  DiskResult<void> sync() override;

 private:
  const File& directory_;
  const std::string& path_;
};

// Opens the data directory, creating it (mode 0700) when it is missing, and locks it for as long as
// the result lives.
struct LockedDirectory {
  File directory;
  File old_lock;  // the file that former versions locked, when it is there
};

// Refused, in one line: a directory that another process has locked, that belongs to another user,
// that its group or others may write, or in which something is a symbolic link.
std::expected<LockedDirectory, std::string> open_and_lock(const std::string& path);

// What former versions locked. It is left where it is, and is no file of the store.
inline constexpr const char* old_lock_name = "lock";

}  // namespace payswitch::platform
