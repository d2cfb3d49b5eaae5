#pragma once

#include <memory>
#include <string>
#include <vector>

#include "platform/disk.h"

namespace payswitch::store::embedded::check {

// A data directory that is only read: no file in it is made, changed, locked or removed. Blocks.
class Files {
 public:
  virtual ~Files() = default;

  virtual platform::DiskResult<std::vector<std::string>> list() = 0;
  // It stays readable also when its name is removed.
  virtual platform::DiskResult<std::shared_ptr<const platform::RandomAccessFile>> open_for_reading(
      const std::string& name) = 0;
};

// The real ones below `directory`.
platform::DiskResult<std::unique_ptr<Files>> open_files(const std::string& directory);

}  // namespace payswitch::store::embedded::check
