#include "world/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
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
  if (::renameat(directory.get(), unfinished.c_str(), directory.get(), name.c_str()) == -1) {
    return failed("rename", unfinished);
  }
  return sync(directory, "the directory of " + name, Sync::all);
}

}  // namespace payswitch::world
