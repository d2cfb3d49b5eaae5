#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "platform/linux/directory.h"
#include "platform/linux/file.h"
#include "platform/linux/mutex.h"
#include "platform/linux/real.h"
#include "platform/linux/ring.h"
#include "platform/linux/worker.h"
#include "platform/making.h"

namespace payswitch::platform {
namespace {

bool is_flat(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name != old_lock_name &&
         name.find('/') == std::string::npos;
}

// A file that is open for appends.
struct AppendedFile {
  File plain;
  File direct;  // past the page cache; closed where the ring cannot write to it
};

class RealDisk final : public Disk {
 public:
  RealDisk(std::string path, LockedDirectory locked, Loop& loop, std::unique_ptr<Ring> ring)
      : path_(std::move(path)),
        locked_(std::move(locked)),
        writer_(loop),
        preparer_(loop),
        archivist_(loop, Worker::Priority::low),
        reader_(loop),
        ring_(std::move(ring)),
        ring_suits_(ring_ != nullptr) {}

  // What is being made is given up; the next start removes what is there of it.
  ~RealDisk() override { is_ending_ = true; }

  DiskResult<std::vector<std::string>> list() override;
  DiskResult<Bytes> read(const std::string& name) override;
  DiskResult<void> replace(const std::string& name, std::span<const std::byte> content,
                           std::uint64_t size) override;
  DiskResult<void> remove(const std::string& name) override;
  DiskResult<void> rename(const std::string& from, const std::string& to) override;
  DiskResult<void> open_for_appends(const std::string& name) override;
  void append(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes,
              Durability durability, Done done) override;
  void close(const std::string& name) override;
  void prepare(const std::string& name, Bytes content, std::uint64_t size, Done done) override;
  void open_ahead(const std::string& name, Done done) override;
  DiskResult<std::shared_ptr<const RandomAccessFile>> open_for_reading(
      const std::string& name) override;
  void make(const std::string& name, Content content, const std::string& instead_of,
            Done done) override;
  void run_in_background(Job job) override { archivist_.run(std::move(job)); }
  void look_up(Job job) override { reader_.run(std::move(job)); }

 private:
  using Appended = std::shared_ptr<const AppendedFile>;

  DiskResult<Appended> open_to_append(const std::string& name);
  DiskResult<File> open_direct(const std::string& name);
  Appended appended(const std::string& name);
  bool is_the_rings(const AppendedFile& file, std::uint64_t offset,
                    std::span<const std::byte> bytes, Durability durability) const;
  const File& directory() const { return locked_.directory; }

  const std::string path_;
  const LockedDirectory locked_;
  RealDirectory steps_{locked_.directory, path_};
  Mutex mutex_;
  std::map<std::string, Appended, std::less<>> appended_ GUARDED_BY(mutex_);
  std::atomic<bool> is_ending_ = false;
  // Last, so that they end first: their jobs use everything above.
  Worker writer_;
  Worker preparer_;
  Worker archivist_;
  Worker reader_;
  const std::unique_ptr<Ring> ring_;  // nullptr: the writer does it all
  std::atomic<bool> ring_suits_;      // as far as is known
};

// Makes a job's completion out of its result.
Callback complete(Disk::Done done, DiskResult<void> result) {
  return
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); };
}

DiskResult<void> read_ring_result(int result, std::size_t size, const std::string& name) {
  if (result < 0)
    return std::unexpected(DiskError{-result, fmt::format("cannot write '{}'", name)});
  if (static_cast<std::size_t>(result) == size) return {};
  return std::unexpected(
      DiskError{EIO, fmt::format("only {} of {} bytes written to '{}'", result, size, name)});
}

DiskResult<std::vector<std::string>> RealDisk::list() {
  std::vector<std::string> names;
  std::error_code error;
  auto entry = std::filesystem::directory_iterator(path_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    std::error_code gone;
    if (name != old_lock_name &&
        entry->symlink_status(gone).type() == std::filesystem::file_type::regular) {
      names.push_back(std::move(name));
    }
  }
  if (error)
    return std::unexpected(DiskError{error.value(), fmt::format("cannot list '{}'", path_)});
  std::ranges::sort(names);
  return names;
}

DiskResult<Bytes> RealDisk::read(const std::string& name) {
  assert(is_flat(name));
  auto file = open_file(directory(), name, O_RDONLY);
  if (!file) return std::unexpected(std::move(file.error()));
  return read_whole(*file, name);
}

DiskResult<void> RealDisk::replace(const std::string& name, std::span<const std::byte> content,
                                   std::uint64_t size) {
  assert(is_flat(name));
  close(name);
  return replace_file(steps_, name, content, size);
}

DiskResult<void> RealDisk::remove(const std::string& name) {
  assert(is_flat(name));
  close(name);
  if (auto removed = steps_.remove(name); !removed) return removed;
  return steps_.sync();
}

DiskResult<void> RealDisk::rename(const std::string& from, const std::string& to) {
  assert(is_flat(from) && is_flat(to));
  close(from);
  if (auto renamed = steps_.rename(from, to); !renamed) return renamed;
  return steps_.sync();
}

DiskResult<void> RealDisk::open_for_appends(const std::string& name) {
  assert(is_flat(name));
  auto opened = open_to_append(name);
  if (!opened) return std::unexpected(std::move(opened.error()));
  const MutexLock lock(mutex_);
  appended_[name] = *std::move(opened);
  return {};
}

DiskResult<RealDisk::Appended> RealDisk::open_to_append(const std::string& name) {
  auto plain = open_file(directory(), name, O_WRONLY);
  if (!plain) return std::unexpected(std::move(plain.error()));
  auto direct = open_direct(name);
  if (!direct) return std::unexpected(std::move(direct.error()));
  return std::make_shared<const AppendedFile>(
      AppendedFile{.plain = *std::move(plain), .direct = *std::move(direct)});
}

// A closed one where the ring cannot write to files of this directory. One stands for all: they lie
// on one file system.
DiskResult<File> RealDisk::open_direct(const std::string& name) {
  if (!ring_suits_) return File();
  auto file = open_file(directory(), name, O_WRONLY | O_DIRECT);
  if (!file && file.error().code != EINVAL) return file;
  if (file && Ring::suits(file->get())) return file;
  ring_suits_ = false;
  return File();
}

void RealDisk::close(const std::string& name) {
  const MutexLock lock(mutex_);
  appended_.erase(name);
}

RealDisk::Appended RealDisk::appended(const std::string& name) {
  const MutexLock lock(mutex_);
  const auto found = appended_.find(name);
  assert(found != appended_.end());
  return found->second;
}

void RealDisk::append(const std::string& name, std::uint64_t offset,
                      std::span<const std::byte> bytes, Durability durability, Done done) {
  auto file = appended(name);
  if (is_the_rings(*file, offset, bytes, durability)) {
    return ring_->write(file->direct.get(), offset, bytes,
                        [name, file, size = bytes.size(), done = std::move(done)](
                            int result) mutable { done(read_ring_result(result, size, name)); });
  }
  writer_.run([file, name, offset, bytes, durability, done = std::move(done)]() mutable {
    auto written = write_at(file->plain, name, offset, bytes);
    if (written && durability == Durability::fsync) written = sync(file->plain, name, Sync::data);
    return complete(std::move(done), std::move(written));
  });
}

bool RealDisk::is_the_rings(const AppendedFile& file, std::uint64_t offset,
                            std::span<const std::byte> bytes, Durability durability) const {
  return file.direct.get() != -1 && durability == Durability::fsync && Ring::takes(offset, bytes);
}

void RealDisk::prepare(const std::string& name, Bytes content, std::uint64_t size, Done done) {
  preparer_.run([this, name, content = std::move(content), size, done = std::move(done)]() mutable {
    return complete(std::move(done), replace(name, content, size));
  });
}

void RealDisk::open_ahead(const std::string& name, Done done) {
  preparer_.run([this, name, done = std::move(done)]() mutable {
    return complete(std::move(done), open_for_appends(name));
  });
}

DiskResult<std::shared_ptr<const RandomAccessFile>> RealDisk::open_for_reading(
    const std::string& name) {
  assert(is_flat(name));
  return open_still_file(directory(), name);
}

void RealDisk::make(const std::string& name, Content content, const std::string& instead_of,
                    Done done) {
  assert(is_flat(name));
  archivist_.run(
      [this, name, content = std::move(content), instead_of, done = std::move(done)]() mutable {
        const Rest rest = [this](std::chrono::steady_clock::duration worked) {
          if (!is_ending_) std::this_thread::sleep_for(worked);
          return !is_ending_;
        };
        return complete(std::move(done), make_file(steps_, name, content, instead_of, rest));
      });
}

}  // namespace

std::expected<std::unique_ptr<Disk>, std::string> open_real_disk(const std::string& directory,
                                                                 boost::asio::io_context& context,
                                                                 Loop& loop, DiskOptions options) {
  auto locked = open_and_lock(directory);
  if (!locked) return std::unexpected(std::move(locked.error()));
  return std::make_unique<RealDisk>(directory, *std::move(locked), loop,
                                    options.io_uring ? Ring::make(context) : nullptr);
}

}  // namespace payswitch::platform
