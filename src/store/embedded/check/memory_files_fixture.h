#pragma once

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/embedded/check/files.h"

namespace payswitch::audit {

// `on_read` is called before a whole file is read.
struct MemoryFiles final : Files {
  world::DiskResult<std::vector<std::string>> list() override {
    ++lists;
    std::vector<std::string> names;
    for (const auto& [name, content] : files) names.push_back(name);
    return names;
  }
  world::DiskResult<std::shared_ptr<const world::StillFile>> open_still(
      const std::string& name) override;
  void flip(const std::string& name, std::uint64_t offset) {
    files[name][offset] ^= std::byte{0x10};
  }

  std::map<std::string, world::Bytes> files;
  std::function<void(const std::string&)> on_read;
  int lists = 0;
};

// One of them that is open: when its name is gone, it holds what it held at the beginning.
class MemoryFile final : public world::StillFile {
 public:
  MemoryFile(const MemoryFiles& all, std::string name)
      : all_(all), name_(std::move(name)), content_(all.files.at(name_)) {}

  std::uint64_t size() const override { return content_.size(); }
  world::DiskResult<void> read(std::uint64_t offset, std::span<std::byte> into) const override {
    if (all_.on_read && into.size() == size()) all_.on_read(name_);
    if (read_at_once(offset, into)) return {};
    return std::unexpected(world::DiskError{EIO, "read"});
  }
  bool read_at_once(std::uint64_t offset, std::span<std::byte> into) const override {
    const auto now = all_.files.find(name_);
    const world::Bytes& content = now == all_.files.end() ? content_ : now->second;
    if (offset + into.size() > content.size()) return false;
    std::ranges::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset),
                        static_cast<std::ptrdiff_t>(into.size()), into.begin());
    return true;
  }

 private:
  const MemoryFiles& all_;
  const std::string name_;
  const world::Bytes content_;
};

inline world::DiskResult<std::shared_ptr<const world::StillFile>> MemoryFiles::open_still(
    const std::string& name) {
  if (!files.contains(name)) return std::unexpected(world::DiskError{ENOENT, "open " + name});
  return std::make_shared<const MemoryFile>(*this, name);
}

}  // namespace payswitch::audit
