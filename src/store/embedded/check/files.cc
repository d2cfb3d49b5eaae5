#include "store/embedded/check/files.h"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>

#include "platform/linux/file.h"

namespace payswitch::audit {

namespace {

class RealFiles final : public Files {
 public:
  RealFiles(std::string path, world::File directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  world::DiskResult<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(path_, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename());
    }
    if (error)
      return std::unexpected(world::DiskError{error.value(), "cannot list '" + path_ + "'"});
    std::ranges::sort(names);
    return names;
  }

  world::DiskResult<std::shared_ptr<const world::StillFile>> open_still(
      const std::string& name) override {
    return world::open_still_file(directory_, name);
  }

 private:
  const std::string path_;
  const world::File directory_;
};

}  // namespace

world::DiskResult<std::unique_ptr<Files>> open_files(const std::string& directory) {
  auto opened = world::open_directory(directory);
  if (!opened) return std::unexpected(opened.error());
  return std::make_unique<RealFiles>(directory, *std::move(opened));
}

}  // namespace payswitch::audit
