#pragma once

#include <memory>
#include <string>
#include <utility>

#include "platform/disk.h"

namespace payswitch::bench {

// A disk whose make() does not pause for the others: the same bytes under the same promise, made in
// memory and written at once. For preparing ten million payments, not for measuring.
class HastyDisk final : public platform::Disk {
 public:
  explicit HastyDisk(std::unique_ptr<platform::Disk> disk) : disk_(std::move(disk)) {}

  platform::DiskResult<std::vector<std::string>> list() override { return disk_->list(); }
  platform::DiskResult<platform::Bytes> read(const std::string& name) override {
    return disk_->read(name);
  }
  platform::DiskResult<void> replace(const std::string& name, std::span<const std::byte> content,
                                     std::uint64_t size) override {
    return disk_->replace(name, content, size);
  }
  platform::DiskResult<void> remove(const std::string& name) override {
    return disk_->remove(name);
  }
  platform::DiskResult<void> rename(const std::string& from, const std::string& to) override {
    return disk_->rename(from, to);
  }
  platform::DiskResult<void> open_for_appends(const std::string& name) override {
    return disk_->open_for_appends(name);
  }
  void append(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes,
              platform::Durability durability, Done done) override {
    disk_->append(name, offset, bytes, durability, std::move(done));
  }
  void close(const std::string& name) override { disk_->close(name); }
  void prepare(const std::string& name, platform::Bytes content, std::uint64_t size,
               Done done) override {
    disk_->prepare(name, std::move(content), size, std::move(done));
  }
  void open_ahead(const std::string& name, Done done) override {
    disk_->open_ahead(name, std::move(done));
  }
  platform::DiskResult<std::shared_ptr<const platform::RandomAccessFile>> open_for_reading(
      const std::string& name) override {
    return disk_->open_for_reading(name);
  }
  void make(const std::string& name, Content content, const std::string&, Done done) override {
    disk_->run_in_background(
        [this, name, content = std::move(content), done = std::move(done)]() mutable {
          Memory memory;
          auto made = content(memory);
          if (made) made = disk_->replace(name, memory.bytes, memory.bytes.size());
          return platform::Callback([done = std::move(done), made = std::move(made)]() mutable {
            done(std::move(made));
          });
        });
  }
  void run_in_background(Job job) override { disk_->run_in_background(std::move(job)); }
  void look_up(Job job) override { disk_->look_up(std::move(job)); }

 private:
  struct Memory final : platform::FileWriter {
    platform::DiskResult<void> write(std::span<const std::byte> more) override {
      bytes.insert(bytes.end(), more.begin(), more.end());
      return {};
    }
    platform::Bytes bytes;
  };

  std::unique_ptr<platform::Disk> disk_;
};

}  // namespace payswitch::bench
