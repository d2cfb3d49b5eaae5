#include "platform/linux/directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace payswitch::platform {
namespace {

constexpr mode_t owner_only_directory = 0700;
constexpr mode_t written_by_others = S_IWGRP | S_IWOTH;
constexpr mode_t permissions = 07777;

class RealWritableFile final : public WritableFile {
 public:
  RealWritableFile(File file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

  DiskResult<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return platform::write_at(file_, name_, offset, bytes);
  }
  DiskResult<void> cut(std::uint64_t size) override {
    if (::ftruncate(file_.get(), static_cast<off_t>(size)) == -1) return failed("cut", name_);
    return {};
  }
  DiskResult<void> sync(Sync what) override { return platform::sync(file_, name_, what); }

 private:
  const File file_;
  const std::string name_;
};

DiskResult<std::unique_ptr<WritableFile>> open_to_write(const File& directory,
                                                        const std::string& name, int flags) {
  auto file = open_file(directory, name, O_WRONLY | flags);
  if (!file) return std::unexpected(std::move(file.error()));
  return std::make_unique<RealWritableFile>(*std::move(file), name);
}

// The new directory's own entry must survive a power cut as its files do.
DiskResult<void> sync_parent(const std::string& directory) {
  const auto parent = std::filesystem::path(directory + "/..").string();
  auto opened = open_directory(parent);
  if (!opened) return std::unexpected(std::move(opened.error()));
  return sync(*opened, parent, Sync::all);
}

DiskResult<File> open_or_create(const std::string& path) {
  const bool created = ::mkdir(path.c_str(), owner_only_directory) == 0;
  if (!created && errno != EEXIST) return failed("create data directory", path);
  auto directory = open_directory(path);
  if (!directory) return directory;
  // One that was there may be of a life that ended before this; but its parent need not be ours.
  auto synced = sync_parent(path);
  if (!synced && created) return std::unexpected(std::move(synced.error()));
  return directory;
}

std::expected<void, std::string> expect_it_is_ours_alone(const File& directory,
                                                         const std::string& path) {
  struct stat status{};
  if (::fstat(directory.get(), &status) == -1) {
    return std::unexpected(failed("stat data directory", path).error().message());
  }
  if (status.st_uid != ::geteuid()) {
    return std::unexpected(fmt::format(
        "data directory '{}' belongs to user {}, and this process runs as user {}: run it as the "
        "owner, or give the directory and its files to this user (chown -R)",
        path, status.st_uid, ::geteuid()));
  }
  if ((status.st_mode & written_by_others) != 0) {
    return std::unexpected(
        fmt::format("data directory '{}' can be written by its group or by others (mode {:04o}): "
                    "take that away (chmod go-w)",
                    path, status.st_mode & permissions));
  }
  return {};
}

// Payswitch makes plain files only. A link was made by another program, and leads elsewhere.
std::expected<void, std::string> expect_no_links(const std::string& path) {
  std::error_code error;
  auto entry = std::filesystem::directory_iterator(path, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    if (entry->symlink_status(gone).type() != std::filesystem::file_type::symlink) continue;
    return std::unexpected(fmt::format(
        "data directory '{}': '{}' is a symbolic link, and none is followed: put the file itself "
        "there, or remove the link",
        path, entry->path().filename().string()));
  }
  if (error) return std::unexpected(fmt::format("cannot list '{}': {}", path, error.message()));
  return {};
}

DiskResult<void> take_lock(const File& file, const std::string& name) {
  while (::flock(file.get(), LOCK_EX | LOCK_NB) == -1) {
    if (errno != EINTR) return failed("lock", name);
  }
  return {};
}

// A process of a former version may be running, or may be started while this one runs.
DiskResult<File> take_old_lock(const File& directory) {
  auto file = open_file(directory, old_lock_name, O_RDONLY);
  if (!file && file.error().code == ENOENT) return File();
  if (!file) return file;
  if (auto locked = take_lock(*file, old_lock_name); !locked) {
    return std::unexpected(std::move(locked.error()));
  }
  return file;
}

std::string not_locked(const std::string& path, const DiskError& error) {
  if (error.code == EWOULDBLOCK) {
    return fmt::format("data directory '{}' is in use by another process", path);
  }
  return fmt::format("data directory '{}': {}", path, error.message());
}

}  // namespace

DiskResult<std::unique_ptr<WritableFile>> RealDirectory::create(const std::string& name) {
  return open_to_write(directory_, name, O_CREAT | O_EXCL);
}

DiskResult<std::unique_ptr<WritableFile>> RealDirectory::open(const std::string& name) {
  return open_to_write(directory_, name, 0);
}

DiskResult<void> RealDirectory::rename(const std::string& from, const std::string& to) {
  if (::renameat(directory_.get(), from.c_str(), directory_.get(), to.c_str()) == -1) {
    return failed("rename", from);
  }
  return {};
}

DiskResult<void> RealDirectory::remove(const std::string& name) {
  if (::unlinkat(directory_.get(), name.c_str(), 0) == -1) return failed("remove", name);
  return {};
}

DiskResult<void> RealDirectory::sync() {
  return platform::sync(directory_, path_, Sync::all);
}

std::expected<LockedDirectory, std::string> open_and_lock(const std::string& path) {
  auto directory = open_or_create(path);
  if (!directory) return std::unexpected(directory.error().message());
  if (auto ours = expect_it_is_ours_alone(*directory, path); !ours) {
    return std::unexpected(ours.error());
  }
  // The directory itself: a file in it could be removed, and the next process would lock another.
  if (auto locked = take_lock(*directory, path); !locked) {
    return std::unexpected(not_locked(path, locked.error()));
  }
  if (auto plain = expect_no_links(path); !plain) return std::unexpected(plain.error());
  auto old_lock = take_old_lock(*directory);
  if (!old_lock) return std::unexpected(not_locked(path, old_lock.error()));
  return LockedDirectory{*std::move(directory), *std::move(old_lock)};
}

}  // namespace payswitch::platform
