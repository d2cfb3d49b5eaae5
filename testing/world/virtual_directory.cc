#include "testing/world/virtual_directory.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace payswitch::lab {

using platform::DiskError;
using platform::DiskResult;

namespace {

std::unexpected<DiskError> error(int code, const char* operation, const std::string& name) {
  return std::unexpected(DiskError{code, std::string(operation) + " " + name});
}

}  // namespace

class VirtualDirectory::OpenFile final : public platform::WritableFile {
 public:
  OpenFile(VirtualDirectory& directory, std::shared_ptr<Inode> file, std::string name, bool is_new)
      : directory_(directory), file_(std::move(file)), name_(std::move(name)), is_new_(is_new) {}

  DiskResult<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    const bool was_alive = directory_.is_alive();
    if (!directory_.may_step()) {
      if (was_alive) write_some(offset, bytes);
      return error(EINTR, "write", name_);
    }
    const auto end = offset + bytes.size();
    const auto growth = end > file_->size() ? end - file_->size() : 0;
    const Troubles& troubles = directory_.troubles_;
    if (growth > 0 && ((is_new_ && troubles.no_room_for_new_files) ||
                       directory_.used() + growth > troubles.capacity)) {
      return error(ENOSPC, "write", name_);
    }
    file_->write(offset, bytes);
    return {};
  }

  DiskResult<void> cut(std::uint64_t size) override {
    if (!directory_.may_step()) return error(EINTR, "cut", name_);
    file_->resize(size);
    return {};
  }

  DiskResult<void> sync(platform::Sync) override {
    if (!directory_.may_step()) {
      file_->write_back_some(directory_.random_);
      return error(EINTR, "sync", name_);
    }
    file_->sync();
    return {};
  }

 private:
  void write_some(std::uint64_t offset, std::span<const std::byte> bytes) {
    file_->write(offset, bytes.first(directory_.random_.below(bytes.size() + 1)));
  }

  VirtualDirectory& directory_;
  const std::shared_ptr<Inode> file_;
  const std::string name_;
  const bool is_new_;
};

// True while the process lives. It dies once, and stays dead.
bool VirtualDirectory::may_step() {
  if (!is_alive()) return false;
  if (troubles_.steps_before_death == steps_) {
    is_dead_ = true;
    return false;
  }
  ++steps_;
  return true;
}

DiskResult<std::unique_ptr<platform::WritableFile>> VirtualDirectory::create(
    const std::string& name) {
  if (!may_step()) return error(EINTR, "create", name);
  if (troubles_.no_descriptors) return error(EMFILE, "create", name);
  if (find(name)) return error(EEXIST, "create", name);
  auto file = std::make_shared<Inode>();
  change({.gone = "", .name = name, .file = file});
  return std::make_unique<OpenFile>(*this, std::move(file), name, true);
}

DiskResult<std::unique_ptr<platform::WritableFile>> VirtualDirectory::open(
    const std::string& name) {
  if (!may_step()) return error(EINTR, "open", name);
  if (troubles_.no_descriptors) return error(EMFILE, "open", name);
  auto file = find(name);
  if (!file) return error(ENOENT, "open", name);
  return std::make_unique<OpenFile>(*this, std::move(file), name, false);
}

DiskResult<void> VirtualDirectory::rename(const std::string& from, const std::string& to) {
  if (!may_step()) return error(EINTR, "rename", from);
  const auto file = find(from);
  if (!file) return error(ENOENT, "rename", from);
  change({.gone = from, .name = to, .file = file});
  return {};
}

DiskResult<void> VirtualDirectory::remove(const std::string& name) {
  if (!may_step()) return error(EINTR, "remove", name);
  if (!find(name)) return error(ENOENT, "remove", name);
  change({.gone = name, .name = "", .file = nullptr});
  return {};
}

DiskResult<void> VirtualDirectory::sync() {
  if (!may_step()) return error(EINTR, "sync", "the directory");
  durable_ = cached_;
  unsynced_.clear();
  return {};
}

std::shared_ptr<Inode> VirtualDirectory::find(const std::string& name) const {
  const auto found = cached_.find(name);
  return found == cached_.end() ? nullptr : found->second;
}

std::uint64_t VirtualDirectory::used() const {
  std::uint64_t bytes = 0;
  for (const auto& [name, file] : cached_) bytes += file->size();
  return bytes;
}

void VirtualDirectory::change(Change change) {
  apply(cached_, change);
  unsynced_.push_back(std::move(change));
}

void VirtualDirectory::apply(Names& names, const Change& change) {
  if (!change.gone.empty()) names.erase(change.gone);
  if (change.file) names[change.name] = change.file;
}

// One file has one name: a rename of which the one before did not hold cannot hold either. That its
// first name did not hold is no hindrance.
bool VirtualDirectory::is_possible(const Names& names, const Change& change) {
  return !change.file || std::ranges::all_of(names, [&](const auto& entry) {
    return entry.second != change.file || entry.first == change.gone;
  });
}

void VirtualDirectory::lose_power() {
  cached_ = durable_;
  for (const Change& change : unsynced_) {
    if (random_.one_in(2) && is_possible(cached_, change)) apply(cached_, change);
  }
  unsynced_.clear();
  durable_ = cached_;
  for (const auto& [name, file] : cached_) file->lose_power(random_);
}

void VirtualDirectory::put(const std::string& name, std::shared_ptr<Inode> file) {
  cached_[name] = std::move(file);
  durable_ = cached_;
  unsynced_.clear();
}

}  // namespace payswitch::lab
