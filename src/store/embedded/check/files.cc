#include "store/embedded/check/files.h"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>

#include "platform/linux/file.h"

namespace payswitch::store::embedded::check {

namespace {

class RealFiles final : public Files {
 public:
  RealFiles(std::string path, platform::File directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  platform::DiskResult<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(path_, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename());
    }
    if (error)
      return std::unexpected(platform::DiskError{error.value(), "cannot list '" + path_ + "'"});
    std::ranges::sort(names);
    return names;
  }

  platform::DiskResult<std::shared_ptr<const platform::RandomAccessFile>> open_for_reading(
      const std::string& name) override {
    return platform::open_still_file(directory_, name);
  }

 private:
  const std::string path_;
  const platform::File directory_;
};

}  // namespace

platform::DiskResult<std::unique_ptr<Files>> open_files(const std::string& directory) {
  auto opened = platform::open_directory(directory);
  if (!opened) return std::unexpected(opened.error());
  return std::make_unique<RealFiles>(directory, *std::move(opened));
}

}  // namespace payswitch::store::embedded::check
