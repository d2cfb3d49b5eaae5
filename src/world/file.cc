#include "world/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

namespace payswitch::world {
namespace {

constexpr mode_t owner_only = 0600;
constexpr std::uint64_t zeros_per_write = 1 << 20;

// Repeats a system call that a signal has cut short.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

DiskResult<void> write_and_sync(const File& file, const std::string& name,
                                std::span<const std::byte> content, std::uint64_t size) {
  if (auto written = write_at(file, name, 0, content); !written) return written;
  if (auto filled = write_zeros(file, name, content.size(), size); !filled) return filled;
  return sync(file, name, Sync::all);
}

DiskResult<void> write_new(const File& directory, const std::string& name,
                           std::span<const std::byte> content, std::uint64_t size) {
  auto file = open_file(directory, name, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return std::unexpected(file.error());
  auto written = write_and_sync(*file, name, content, size);
  // Half a segment must not go on taking the room that the rest of it did not find.
  if (!written) ::unlinkat(directory.get(), name.c_str(), 0);
  return written;
}

// Renames a whole and synced file to the name that it was made for.
DiskResult<void> give_name(const File& directory, const std::string& unfinished,
                           const std::string& name) {
  if (::renameat(directory.get(), unfinished.c_str(), directory.get(), name.c_str()) == -1) {
    return failed("rename", unfinished);
  }
  return sync(directory, "the directory of " + name, Sync::all);
}

// Writes and syncs piece by piece, and then leaves the disk alone for as long as that took.
class PacedDraft final : public Draft {
 public:
  PacedDraft(const File& file, const std::string& name, const std::atomic<bool>& is_ending)
      : file_(file), name_(name), is_ending_(is_ending) {}

  DiskResult<void> write(std::span<const std::byte> bytes) override {
    gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
    return gathered_.size() < piece_bytes ? DiskResult<void>{} : write_piece();
  }

  // What is left; the file ends there.
  DiskResult<void> finish() {
    if (auto written = write_piece(); !written) return written;
    if (::ftruncate(file_.get(), static_cast<off_t>(offset_)) == -1) return failed("cut", name_);
    return sync(file_, name_, Sync::all);
  }

 private:
  static constexpr std::size_t piece_bytes = 256 << 10;

  DiskResult<void> write_piece() {
    const auto begin = std::chrono::steady_clock::now();
    if (is_ending_) return std::unexpected(DiskError{ECANCELED, "make '" + name_ + "'"});
    if (auto written = write_at(file_, name_, offset_, gathered_); !written) return written;
    offset_ += gathered_.size();
    gathered_.clear();
    if (auto synced = sync(file_, name_, Sync::data); !synced) return synced;
    std::this_thread::sleep_for(std::chrono::steady_clock::now() - begin);
    return {};
  }

  const File& file_;
  const std::string& name_;
  const std::atomic<bool>& is_ending_;
  std::vector<std::byte> gathered_;
  std::uint64_t offset_ = 0;
};

DiskResult<void> write_draft(const File& directory, const std::string& unfinished,
                             Disk::Content& content, const std::atomic<bool>& is_ending) {
  auto file = open_file(directory, unfinished, O_WRONLY | O_CREAT);
  if (!file) return std::unexpected(file.error());
  PacedDraft draft(*file, unfinished, is_ending);
  if (auto written = content(draft); !written) return written;
  return draft.finish();
}

class RealStillFile final : public StillFile {
 public:
  RealStillFile(File file, std::string name, std::uint64_t size)
      : file_(std::move(file)), name_(std::move(name)), size_(size) {}

  std::uint64_t size() const override { return size_; }

  DiskResult<void> read(std::uint64_t offset, std::span<std::byte> into) const override {
    while (!into.empty()) {
      const auto count = read_some(offset, into, 0);
      if (count == -1) return failed("read", name_);
      if (count == 0)
        return std::unexpected(DiskError{EIO, fmt::format("'{}' ends too early", name_)});
      offset += static_cast<std::uint64_t>(count);
      into = into.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }

  bool read_at_once(std::uint64_t offset, std::span<std::byte> into) const override {
    return read_some(offset, into, RWF_NOWAIT) == static_cast<ssize_t>(into.size());
  }

 private:
  ssize_t read_some(std::uint64_t offset, std::span<std::byte> into, int flags) const {
    const iovec target{.iov_base = into.data(), .iov_len = into.size()};
    return uninterrupted(
        [&] { return ::preadv2(file_.get(), &target, 1, static_cast<off_t>(offset), flags); });
  }

  const File file_;
  const std::string name_;
  const std::uint64_t size_;
};

}  // namespace

File::~File() {
  if (descriptor_ != -1) ::close(descriptor_);
}

std::unexpected<DiskError> failed(const char* operation, const std::string& name) {
  const int code = errno;
  return std::unexpected(DiskError{code, fmt::format("cannot {} '{}'", operation, name)});
}

DiskResult<File> open_file(const File& directory, const std::string& name, int flags) {
  const int descriptor = uninterrupted(
      [&] { return ::openat(directory.get(), name.c_str(), flags | O_CLOEXEC, owner_only); });
  if (descriptor == -1) return failed("open", name);
  return File(descriptor);
}

DiskResult<File> open_directory(const std::string& path) {
  const int descriptor =
      uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor == -1) return failed("open directory", path);
  return File(descriptor);
}

DiskResult<Bytes> read_whole(const File& file, const std::string& name) {
  struct stat status{};
  if (::fstat(file.get(), &status) == -1) return failed("stat", name);
  Bytes bytes(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto count = uninterrupted([&] {
      return ::pread(file.get(), bytes.data() + done, bytes.size() - done,
                     static_cast<off_t>(done));
    });
    if (count == -1) return failed("read", name);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

DiskResult<void> write_at(const File& file, const std::string& name, std::uint64_t offset,
                          std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto count = uninterrupted([&] {
      return ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    });
    if (count == -1) return failed("write", name);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

DiskResult<void> write_zeros(const File& file, const std::string& name, std::uint64_t from,
                             std::uint64_t to) {
  const std::vector<std::byte> zeros(zeros_per_write);
  while (from < to) {
    const auto count = static_cast<std::size_t>(std::min(to - from, zeros_per_write));
    auto written = write_at(file, name, from, std::span(zeros).first(count));
    if (!written) return written;
    from += count;
  }
  return {};
}

DiskResult<void> sync(const File& file, const std::string& name, Sync what) {
  const int result = uninterrupted(
      [&] { return what == Sync::all ? ::fsync(file.get()) : ::fdatasync(file.get()); });
  if (result == -1) return failed("sync", name);
  return {};
}

DiskResult<void> replace_file(const File& directory, const std::string& name,
                              std::span<const std::byte> content, std::uint64_t size) {
  assert(size >= content.size());
  const std::string unfinished = name + ".tmp";
  if (auto written = write_new(directory, unfinished, content, size); !written) return written;
  return give_name(directory, unfinished, name);
}

DiskResult<void> make_file(const File& directory, const std::string& name, Disk::Content& content,
                           const std::string& instead_of, const std::atomic<bool>& is_ending) {
  const std::string unfinished = name + ".tmp";
  if (!instead_of.empty() &&
      ::renameat(directory.get(), instead_of.c_str(), directory.get(), unfinished.c_str()) == -1) {
    return failed("rename", instead_of);
  }
  auto written = write_draft(directory, unfinished, content, is_ending);
  if (written) return give_name(directory, unfinished, name);
  ::unlinkat(directory.get(), unfinished.c_str(), 0);
  return written;
}

DiskResult<std::shared_ptr<const StillFile>> open_still_file(const File& directory,
                                                             const std::string& name) {
  auto file = open_file(directory, name, O_RDONLY);
  if (!file) return std::unexpected(std::move(file.error()));
  struct stat status{};
  if (::fstat(file->get(), &status) == -1) return failed("stat", name);
  return std::make_shared<const RealStillFile>(*std::move(file), name,
                                               static_cast<std::uint64_t>(status.st_size));
}

}  // namespace payswitch::world
