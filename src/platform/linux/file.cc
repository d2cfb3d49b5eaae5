#include "platform/linux/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace payswitch::platform {
namespace {

constexpr mode_t owner_only = 0600;

// Repeats a system call that a signal has cut short.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

class RealStillFile final : public RandomAccessFile {
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
  const int descriptor = uninterrupted([&] {
    return ::openat(directory.get(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, owner_only);
  });
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

DiskResult<void> sync(const File& file, const std::string& name, Sync what) {
  const int result = uninterrupted(
      [&] { return what == Sync::all ? ::fsync(file.get()) : ::fdatasync(file.get()); });
  if (result == -1) return failed("sync", name);
  return {};
}

DiskResult<std::shared_ptr<const RandomAccessFile>> open_still_file(const File& directory,
                                                                    const std::string& name) {
  auto file = open_file(directory, name, O_RDONLY);
  if (!file) return std::unexpected(std::move(file.error()));
  struct stat status{};
  if (::fstat(file->get(), &status) == -1) return failed("stat", name);
  return std::make_shared<const RealStillFile>(*std::move(file), name,
                                               static_cast<std::uint64_t>(status.st_size));
}

}  // namespace payswitch::platform
