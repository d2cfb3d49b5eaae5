#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "world/file.h"
#include "world/real.h"
#include "world/real_ring.h"
#include "world/worker.h"

namespace payswitch::world {
namespace {

constexpr mode_t owner_only_directory = 0700;
constexpr const char* lock_name = "lock";

// The journal appends to one file and turns to the next; more than these are never in use at once.
constexpr std::size_t max_open_files = 4;

bool is_flat(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name != lock_name &&
         name.find('/') == std::string::npos;
}

// The files that are open for appending, all with the same flags. Any thread.
class OpenFiles {
 public:
  explicit OpenFiles(int flags) : flags_(flags) {}

  DiskResult<std::shared_ptr<const File>> get(const File& directory, const std::string& name) {
    const std::lock_guard lock(mutex_);
    for (const Entry& entry : entries_) {
      if (entry.name == name) return entry.file;
    }
    auto opened = open_file(directory, name, flags_);
    if (!opened) return std::unexpected(std::move(opened.error()));
    if (entries_.size() == max_open_files) entries_.erase(entries_.begin());
    entries_.push_back({name, std::make_shared<const File>(*std::move(opened))});
    return entries_.back().file;
  }

  // The name stands for another file now, or for none.
  void forget(const std::string& name) {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const Entry& entry) { return entry.name == name; });
  }

 private:
  struct Entry {
    std::string name;
    std::shared_ptr<const File> file;
  };
  const int flags_;
  std::mutex mutex_;
  std::vector<Entry> entries_;  // guarded by mutex_; the oldest first
};

class RealDisk final : public Disk {
 public:
  RealDisk(std::string path, File directory, File lock, Loop& loop, std::unique_ptr<Ring> ring)
      : path_(std::move(path)),
        directory_(std::move(directory)),
        lock_(std::move(lock)),
        writer_(loop),
        preparer_(loop),
        archivist_(loop, Worker::Priority::low),
        reader_(loop),
        ring_(std::move(ring)) {}

  // What is being made is given up; the next start removes what is there of it.
  ~RealDisk() override { is_ending_ = true; }

  DiskResult<std::vector<std::string>> list() override;
  DiskResult<Bytes> read(const std::string& name) override;
  DiskResult<void> replace(const std::string& name, std::span<const std::byte> content,
                           std::uint64_t size) override;
  DiskResult<void> remove(const std::string& name) override;
  void append(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes,
              Durability durability, Done done) override;
  void prepare(const std::string& name, Bytes content, std::uint64_t size, Done done) override;
  DiskResult<std::shared_ptr<const StillFile>> open_still(const std::string& name) override;
  void make(const std::string& name, Content content, const std::string& instead_of,
            Done done) override;
  void toil(Job job) override { archivist_.run(std::move(job)); }
  void look_up(Job job) override { reader_.run(std::move(job)); }

 private:
  using OpenFile = std::shared_ptr<const File>;

  DiskResult<void> write(const std::string& name, std::uint64_t offset,
                         std::span<const std::byte> bytes, Durability durability);
  OpenFile file_for_ring(const std::string& name, std::uint64_t offset,
                         std::span<const std::byte> bytes, Durability durability);
  void forget(const std::string& name);

  const std::string path_;
  const File directory_;
  const File lock_;
  OpenFiles files_{O_WRONLY};
  OpenFiles direct_files_{O_WRONLY | O_DIRECT};
  std::atomic<bool> is_ending_ = false;
  // Last, so that they end first: their jobs use everything above.
  Worker writer_;
  Worker preparer_;
  Worker archivist_;
  Worker reader_;
  std::unique_ptr<Ring> ring_;      // nullptr: the writer does it all
  std::optional<bool> ring_suits_;  // nullopt: not tried yet
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
    if (name != lock_name &&
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
  auto file = open_file(directory_, name, O_RDONLY);
  if (!file) return std::unexpected(std::move(file.error()));
  return read_whole(*file, name);
}

DiskResult<void> RealDisk::replace(const std::string& name, std::span<const std::byte> content,
                                   std::uint64_t size) {
  assert(is_flat(name));
  auto replaced = replace_file(directory_, name, content, size);
  forget(name);
  return replaced;
}

DiskResult<void> RealDisk::remove(const std::string& name) {
  assert(is_flat(name));
  forget(name);
  if (::unlinkat(directory_.get(), name.c_str(), 0) == -1) return failed("remove", name);
  return sync(directory_, path_, Sync::all);
}

void RealDisk::append(const std::string& name, std::uint64_t offset,
                      std::span<const std::byte> bytes, Durability durability, Done done) {
  assert(is_flat(name));
  if (const auto file = file_for_ring(name, offset, bytes, durability)) {
    return ring_->write(file->get(), offset, bytes,
                        [name, file, size = bytes.size(), done = std::move(done)](
                            int result) mutable { done(read_ring_result(result, size, name)); });
  }
  writer_.run([this, name, offset, bytes, durability, done = std::move(done)]() mutable {
    return complete(std::move(done), write(name, offset, bytes, durability));
  });
}

void RealDisk::prepare(const std::string& name, Bytes content, std::uint64_t size, Done done) {
  assert(is_flat(name));
  preparer_.run([this, name, content = std::move(content), size, done = std::move(done)]() mutable {
    return complete(std::move(done), replace(name, content, size));
  });
}

DiskResult<std::shared_ptr<const StillFile>> RealDisk::open_still(const std::string& name) {
  assert(is_flat(name));
  return open_still_file(directory_, name);
}

void RealDisk::make(const std::string& name, Content content, const std::string& instead_of,
                    Done done) {
  assert(is_flat(name));
  archivist_.run([this, name, content = std::move(content), instead_of,
                  done = std::move(done)]() mutable {
    return complete(std::move(done), make_file(directory_, name, content, instead_of, is_ending_));
  });
}

// nullptr: this one is the writer's.
RealDisk::OpenFile RealDisk::file_for_ring(const std::string& name, std::uint64_t offset,
                                           std::span<const std::byte> bytes,
                                           Durability durability) {
  if (!ring_ || durability != Durability::fsync || !Ring::takes(offset, bytes)) return nullptr;
  auto opened = direct_files_.get(directory_, name);
  // One file stands for all: they lie in one directory.
  if (!ring_suits_) ring_suits_ = opened && Ring::suits((*opened)->get());
  if (opened && *ring_suits_) return *std::move(opened);
  ring_.reset();
  return nullptr;
}

void RealDisk::forget(const std::string& name) {
  files_.forget(name);
  direct_files_.forget(name);
}

DiskResult<void> RealDisk::write(const std::string& name, std::uint64_t offset,
                                 std::span<const std::byte> bytes, Durability durability) {
  auto file = files_.get(directory_, name);
  if (!file) return std::unexpected(std::move(file.error()));
  if (auto written = write_at(**file, name, offset, bytes); !written) return written;
  if (durability != Durability::fsync) return {};
  return sync(**file, name, Sync::data);
}

// The new directory's own entry must survive a power cut as its files do.
DiskResult<void> sync_parent(const std::string& directory) {
  const auto parent = std::filesystem::path(directory + "/..").string();
  auto opened = open_directory(parent);
  if (!opened) return std::unexpected(std::move(opened.error()));
  return sync(*opened, parent, Sync::all);
}

DiskResult<File> open_or_create_directory(const std::string& path) {
  const bool created = ::mkdir(path.c_str(), owner_only_directory) == 0;
  if (!created && errno != EEXIST) return failed("create data directory", path);
  auto directory = open_directory(path);
  if (!directory) return directory;
  // One that was there may be of a life that ended before this; but its parent need not be ours.
  auto synced = sync_parent(path);
  if (!synced && created) return std::unexpected(std::move(synced.error()));
  return directory;
}

DiskResult<File> take_lock(const File& directory) {
  auto file = open_file(directory, lock_name, O_RDWR | O_CREAT);
  if (!file) return file;
  while (::flock(file->get(), LOCK_EX | LOCK_NB) == -1) {
    if (errno != EINTR) return failed("lock", lock_name);
  }
  return file;
}

}  // namespace

std::expected<std::unique_ptr<Disk>, std::string> open_real_disk(const std::string& directory,
                                                                 boost::asio::io_context& context,
                                                                 Loop& loop, DiskOptions options) {
  auto opened = open_or_create_directory(directory);
  if (!opened) return std::unexpected(opened.error().message());
  auto lock = take_lock(*opened);
  if (!lock && lock.error().code == EWOULDBLOCK) {
    return std::unexpected(
        fmt::format("data directory '{}' is in use by another process", directory));
  }
  if (!lock) {
    return std::unexpected(
        fmt::format("data directory '{}': {}", directory, lock.error().message()));
  }
  return std::make_unique<RealDisk>(directory, *std::move(opened), *std::move(lock), loop,
                                    options.io_uring ? Ring::make(context) : nullptr);
}

}  // namespace payswitch::world
