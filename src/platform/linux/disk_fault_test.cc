#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "platform/linux/real.h"

// How this works: this program has system calls of its own, which the disk calls in place of those
// of the C library. They do what the kernel does, but a test can order what a healthy disk hardly
// ever shows (a write that is cut short, a signal in the middle, a sync that fails), and can ask
// afterwards which files were synced.
namespace {

struct Kernel {
  std::mutex mutex;
  std::size_t most_a_write = SIZE_MAX;
  int interruptions = 0;  // of the next calls
  int sync_fails_with = 0;
  std::vector<ino_t> synced;

  bool interrupts() {
    const std::lock_guard lock(mutex);
    if (interruptions == 0) return false;
    --interruptions;
    errno = EINTR;
    return true;
  }

  int sync(long call, int file) {
    if (interrupts()) return -1;
    const std::lock_guard lock(mutex);
    if (sync_fails_with != 0) {
      errno = sync_fails_with;
      return -1;
    }
    struct stat status{};
    if (::fstat(file, &status) == 0) synced.push_back(status.st_ino);
    return static_cast<int>(::syscall(call, file));
  }

  ssize_t write(int file, const void* bytes, std::size_t size, off_t offset) {
    if (interrupts()) return -1;
    const std::lock_guard lock(mutex);
    return ::syscall(SYS_pwrite64, file, bytes, std::min(size, most_a_write), offset);
  }
};

Kernel kernel;

}  // namespace

extern "C" {

int fsync(int file) {
  return kernel.sync(SYS_fsync, file);
}

int fdatasync(int file) {
  return kernel.sync(SYS_fdatasync, file);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  return kernel.write(file, bytes, size, offset);
}
}

namespace payswitch::platform {
namespace {

using testing::Contains;
using testing::Not;

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class DiskFaults : public testing::Test {
 protected:
  DiskFaults() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "payswitch-faults-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    root_ = pattern;
    disk_ = *open_real_disk(directory(), context_, *loop_);
    kernel.synced.clear();
  }
  ~DiskFaults() override {
    order_nothing();
    disk_.reset();
    std::filesystem::remove_all(root_);
  }

  static void order_nothing() {
    kernel.most_a_write = SIZE_MAX;
    kernel.interruptions = 0;
    kernel.sync_fails_with = 0;
  }

  std::string directory() const { return root_ + "/data"; }
  static ino_t number_of(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
  }
  ino_t number_of_file(const std::string& name) const {
    return number_of(directory() + "/" + name);
  }

  static std::string trouble_of(const DiskResult<void>& result) {
    return result ? "" : result.error().message();
  }

  // On the thread that writes and syncs: the ring takes whole blocks only.
  DiskResult<void> append(std::string_view text, Durability durability) {
    if (auto opened = disk_->open_for_appends("a"); !opened) return opened;
    std::optional<DiskResult<void>> result;
    disk_->append("a", 0, std::as_bytes(std::span(text)), durability,
                  [&](DiskResult<void> done) { result = std::move(done); });
    while (!result) {
      context_.run_one();
      context_.restart();
    }
    return *result;
  }

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::unique_ptr<Loop> loop_ = make_real_loop(context_);
  std::string root_;
  std::unique_ptr<Disk> disk_;
};

TEST_F(DiskFaults, AWriteThatIsCutShortGoesOnWhereItEnded) {
  kernel.most_a_write = 3;
  ASSERT_TRUE(disk_->replace("a", bytes_of("abcdefgh"), 10));
  ASSERT_TRUE(append("ABCDE", Durability::fsync));
  EXPECT_EQ(disk_->read("a").value(), bytes_of(std::string_view("ABCDEfgh\0\0", 10)));
}

TEST_F(DiskFaults, ASignalInTheMiddleOfACallIsNoError) {
  kernel.interruptions = 3;
  EXPECT_TRUE(disk_->replace("a", bytes_of("abc"), 3));
  EXPECT_EQ(kernel.interruptions, 0);
  EXPECT_EQ(disk_->read("a").value(), bytes_of("abc"));
}

TEST_F(DiskFaults, Protocol44ASyncThatFailsIsAnErrorOfWhateverNeedsIt) {
  ASSERT_TRUE(disk_->replace("a", bytes_of("abc"), 3));
  kernel.sync_fails_with = EIO;
  EXPECT_EQ(trouble_of(append("ABC", Durability::fsync)), "cannot sync 'a': Input/output error");
  EXPECT_NE(trouble_of(disk_->replace("b", bytes_of("x"), 1)), "");
  EXPECT_NE(trouble_of(disk_->rename("a", "c")), "");
  EXPECT_NE(trouble_of(disk_->remove("c")), "");
}

TEST_F(DiskFaults, Protocol46AnAppendIsSyncedWhereItIsToSurviveAPowerCutAndOnlyThere) {
  ASSERT_TRUE(disk_->replace("a", bytes_of("abc"), 3));
  kernel.synced.clear();
  ASSERT_TRUE(append("ABC", Durability::os));
  EXPECT_THAT(kernel.synced, Not(Contains(number_of_file("a"))));
  ASSERT_TRUE(append("ABC", Durability::fsync));
  EXPECT_THAT(kernel.synced, Contains(number_of_file("a")));
}

TEST_F(DiskFaults, ARenameAndARemovalAreSyncedInTheirDirectory) {
  ASSERT_TRUE(disk_->replace("a", bytes_of("abc"), 3));
  kernel.synced.clear();
  ASSERT_TRUE(disk_->rename("a", "b"));
  EXPECT_THAT(kernel.synced, Contains(number_of(directory())));
  kernel.synced.clear();
  ASSERT_TRUE(disk_->remove("b"));
  EXPECT_THAT(kernel.synced, Contains(number_of(directory())));
}

TEST_F(DiskFaults, ANewDataDirectoryIsSyncedInItsParent) {
  disk_.reset();
  std::filesystem::remove_all(directory());
  kernel.synced.clear();
  disk_ = *open_real_disk(directory(), context_, *loop_);
  EXPECT_THAT(kernel.synced, Contains(number_of(root_)));
}

TEST_F(DiskFaults, ANewDataDirectoryThatCannotBeSyncedInItsParentIsNotUsed) {
  disk_.reset();
  std::filesystem::remove_all(directory());
  kernel.sync_fails_with = EIO;
  EXPECT_FALSE(open_real_disk(directory(), context_, *loop_).has_value());
  kernel.sync_fails_with = 0;
  disk_ = *open_real_disk(directory(), context_, *loop_);
}

}  // namespace
}  // namespace payswitch::platform
