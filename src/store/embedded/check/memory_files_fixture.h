#pragma once

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/embedded/check/files.h"

namespace payswitch::store::embedded::check {

// `on_read` is called before a whole file is read.
struct MemoryFiles final : Files {
  platform::DiskResult<std::vector<std::string>> list() override {
    ++lists;
    std::vector<std::string> names;
    for (const auto& [name, content] : files) names.push_back(name);
    return names;
  }
  platform::DiskResult<std::shared_ptr<const platform::RandomAccessFile>> open_for_reading(
      const std::string& name) override;
  void flip(const std::string& name, std::uint64_t offset) {
    files[name][offset] ^= std::byte{0x10};
  }

  std::map<std::string, platform::Bytes> files;
  std::function<void(const std::string&)> on_read;
  int lists = 0;
};

// One of them that is open: when its name is gone, it holds what it held at the beginning.
class MemoryFile final : public platform::RandomAccessFile {
 public:
  MemoryFile(const MemoryFiles& all, std::string name)
      : all_(all), name_(std::move(name)), content_(all.files.at(name_)) {}

  std::uint64_t size() const override { return content_.size(); }
  platform::DiskResult<void> read(std::uint64_t offset, std::span<std::byte> into) const override {
    if (all_.on_read && into.size() == size()) all_.on_read(name_);
    if (read_at_once(offset, into)) return {};
    return std::unexpected(platform::DiskError{EIO, "read"});
  }
  bool read_at_once(std::uint64_t offset, std::span<std::byte> into) const override {
    const auto now = all_.files.find(name_);
    const platform::Bytes& content = now == all_.files.end() ? content_ : now->second;
    if (offset + into.size() > content.size()) return false;
    std::ranges::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset),
                        static_cast<std::ptrdiff_t>(into.size()), into.begin());
    return true;
  }

 private:
  const MemoryFiles& all_;
  const std::string name_;
  const platform::Bytes content_;
};

inline platform::DiskResult<std::shared_ptr<const platform::RandomAccessFile>>
MemoryFiles::open_for_reading(const std::string& name) {
  if (!files.contains(name)) return std::unexpected(platform::DiskError{ENOENT, "open " + name});
  return std::make_shared<const MemoryFile>(*this, name);
}

}  // namespace payswitch::store::embedded::check
