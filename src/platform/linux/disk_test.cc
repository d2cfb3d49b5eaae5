#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "platform/linux/real.h"

namespace payswitch::platform {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class RealDiskTest : public testing::Test {
 protected:
  RealDiskTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "payswitch-disk-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    root_ = pattern;
    directory_ = root_ + "/data";
    disk_ = open();
  }
  ~RealDiskTest() override {
    disk_.reset();
    std::filesystem::remove_all(root_);
  }

  std::unique_ptr<Disk> open() {
    auto opened = open_real_disk(directory_, context_, *loop_);
    EXPECT_TRUE(opened.has_value()) << opened.error();
    return *std::move(opened);
  }

  // Runs the loop until the asynchronous call has completed.
  DiskResult<void> wait(const std::optional<DiskResult<void>>& result) {
    while (!result) {
      context_.run_one();
      context_.restart();
    }
    return *result;
  }

  DiskResult<void> append(const std::string& name, std::uint64_t offset, std::string_view text,
                          Durability durability = Durability::fsync) {
    if (auto opened = disk_->open_for_appends(name); !opened) return opened;
    std::optional<DiskResult<void>> result;
    disk_->append(name, offset, std::as_bytes(std::span(text)), durability,
                  [&](DiskResult<void> done) { result = std::move(done); });
    EXPECT_FALSE(result.has_value()) << "completed before the loop ran";
    return wait(result);
  }

  DiskResult<void> prepare(const std::string& name, std::string_view text, std::uint64_t size) {
    std::optional<DiskResult<void>> result;
    disk_->prepare(name, bytes_of(text), size,
                   [&](DiskResult<void> done) { result = std::move(done); });
    return wait(result);
  }

  // Descriptors of files in the directory.
  std::ptrdiff_t open_files() const {
    const auto open = std::filesystem::directory_iterator("/proc/self/fd");
    return std::count_if(begin(open), end(open), [&](const auto& entry) {
      std::error_code gone;
      const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
      return target.starts_with(directory_ + "/");
    });
  }

  std::string content(const std::string& name) { return text_of(disk_->read(name).value()); }

  boost::asio::io_context context_;
  // The threads of a disk complete from outside: the loop must not end before they do.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::unique_ptr<Loop> loop_ = make_real_loop(context_);
  std::string root_;
  std::string directory_;
  std::unique_ptr<Disk> disk_;
};

TEST_F(RealDiskTest, TheDirectoryIsCreatedForItsOwnerOnly) {
  struct stat status{};
  ASSERT_EQ(::stat(directory_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(RealDiskTest, ASecondOneOnTheSameDirectoryIsRefusedInOneLineThatNamesIt) {
  const auto second = open_real_disk(directory_, context_, *loop_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error(), "data directory '" + directory_ + "' is in use by another process");
}

TEST_F(RealDiskTest, ALinkThatAppearsLaterIsNeverFollowed) {
  const auto victim = root_ + "/victim";
  std::ofstream(victim) << "precious";
  std::filesystem::create_symlink(victim, directory_ + "/a");
  std::filesystem::create_symlink(victim, directory_ + "/b.tmp");
  EXPECT_EQ(disk_->read("a").error().code, ELOOP);
  EXPECT_EQ(disk_->open_for_reading("a").error().code, ELOOP);
  EXPECT_EQ(disk_->open_for_appends("a").error().code, ELOOP);
  EXPECT_TRUE(disk_->replace("b", bytes_of("new"), 3));
  EXPECT_TRUE(prepare("a", "new", 3));
  EXPECT_EQ(content("a"), "new");
  EXPECT_EQ(content("b"), "new");
  std::string kept;
  std::getline(std::ifstream(victim), kept);
  EXPECT_EQ(kept, "precious");
}

TEST_F(RealDiskTest, TheLockGoesWithTheDisk) {
  disk_.reset();
  disk_ = open();
  EXPECT_NE(disk_, nullptr);
}

TEST_F(RealDiskTest, ADirectoryThatCannotBeMadeIsOneLineThatNamesIt) {
  const auto none = open_real_disk(root_ + "/missing/data", context_, *loop_);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error(),
            "cannot create data directory '" + root_ + "/missing/data': No such file or directory");
}

TEST_F(RealDiskTest, AFileInTheDirectorysPlaceIsOneLineThatNamesIt) {
  std::ofstream(root_ + "/file") << "x";
  const auto none = open_real_disk(root_ + "/file", context_, *loop_);
  ASSERT_FALSE(none.has_value());
  EXPECT_THAT(none.error(), HasSubstr(root_ + "/file': Not a directory"));
}

TEST_F(RealDiskTest, ATrailingSlashIsTheSameDirectory) {
  EXPECT_FALSE(open_real_disk(directory_ + "/", context_, *loop_).has_value());
  EXPECT_TRUE(open_real_disk(root_ + "/other/", context_, *loop_).has_value());
}

TEST_F(RealDiskTest, ListsRegularFilesSortedAndNotTheLock) {
  ASSERT_TRUE(disk_->replace("b", {}, 1));
  ASSERT_TRUE(disk_->replace("a", {}, 1));
  std::filesystem::create_directory(directory_ + "/folder");
  std::filesystem::create_symlink("a", directory_ + "/link");
  EXPECT_THAT(disk_->list().value(), ElementsAre("a", "b"));
}

TEST_F(RealDiskTest, ReplaceWritesTheContentAndThenZeros) {
  ASSERT_TRUE(disk_->replace("a", bytes_of("abc"), 6));
  EXPECT_EQ(content("a"), std::string("abc\0\0\0", 6));
  ASSERT_TRUE(disk_->replace("a", bytes_of("xy"), 2));
  EXPECT_EQ(content("a"), "xy");
  EXPECT_THAT(disk_->list().value(), ElementsAre("a"));
}

TEST_F(RealDiskTest, ReplaceTakesItsRoomForGoodBeyondOneWrite) {
  const std::uint64_t size = (2 << 20) + 4097;
  ASSERT_TRUE(disk_->replace("a", bytes_of("abc"), size));
  struct stat status{};
  ASSERT_EQ(::stat((directory_ + "/a").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, static_cast<off_t>(size));
  EXPECT_GE(static_cast<std::uint64_t>(status.st_blocks) * 512, size);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(RealDiskTest, ReplaceOverwritesWhatAnUnfinishedOneLeft) {
  std::ofstream(directory_ + "/a.tmp") << "longer than what comes";
  ASSERT_TRUE(disk_->replace("a", bytes_of("abc"), 3));
  EXPECT_EQ(content("a"), "abc");
  EXPECT_THAT(disk_->list().value(), ElementsAre("a"));
}

TEST_F(RealDiskTest, AFailedReplaceLeavesTheOldFile) {
  ASSERT_TRUE(disk_->replace("a", bytes_of("old"), 3));
  std::filesystem::create_directory(directory_ + "/a.tmp");
  const auto result = disk_->replace("a", bytes_of("new"), 3);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message(), "cannot remove 'a.tmp': Is a directory");
  EXPECT_EQ(content("a"), "old");
}

// Stands for a full disk: the write that crosses the limit is cut short, the next one fails.
class SmallFiles {
 public:
  explicit SmallFiles(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallFiles() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(RealDiskTest, AReplaceThatFindsNoRoomGivesBackWhatItTook) {
  const SmallFiles limit(1'000);
  for (const auto& result :
       {disk_->replace("a", bytes_of("abc"), 1'001), prepare("a", "", 1'001)}) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().message(), "cannot write 'a.tmp': File too large");
    EXPECT_THAT(disk_->list().value(), ElementsAre());
  }
  EXPECT_TRUE(disk_->replace("a", bytes_of("abc"), 1'000));
}

TEST_F(RealDiskTest, AnAppendThatFindsNoRoomIsAnError) {
  ASSERT_TRUE(disk_->replace("a", {}, 1'000));
  const SmallFiles limit(1'000);
  EXPECT_TRUE(append("a", 990, std::string(10, 'x')));
  const auto result = append("a", 990, std::string(11, 'y'));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, EFBIG);
}

// Whole blocks at a whole block: io_uring writes them, where there is one.
TEST_F(RealDiskTest, AnAppendThatTheRingWritesOnlyInPartIsAnError) {
  alignas(4096) static std::array<char, 4 * 4096> blocks{};
  ASSERT_TRUE(disk_->replace("a", {}, blocks.size()));
  EXPECT_TRUE(append("a", 0, std::string_view(blocks.data(), blocks.size())));
  const SmallFiles limit(blocks.size() / 2);
  EXPECT_FALSE(append("a", 0, std::string_view(blocks.data(), blocks.size())));
}

TEST_F(RealDiskTest, AFileThatIsNotThereIsAnErrorThatNamesIt) {
  const auto read = disk_->read("none");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ENOENT);
  EXPECT_EQ(read.error().message(), "cannot open 'none': No such file or directory");
  EXPECT_EQ(disk_->remove("none").error().code, ENOENT);
  EXPECT_EQ(append("none", 0, "abc").error().code, ENOENT);
  EXPECT_THAT(disk_->list().value(), ElementsAre());
}

TEST_F(RealDiskTest, RemoveRemoves) {
  ASSERT_TRUE(disk_->replace("a", {}, 1));
  ASSERT_TRUE(disk_->remove("a"));
  EXPECT_THAT(disk_->list().value(), ElementsAre());
}

TEST_F(RealDiskTest, AppendWritesAtItsOffsetWhateverTheDurability) {
  ASSERT_TRUE(disk_->replace("a", bytes_of("......"), 6));
  EXPECT_TRUE(append("a", 1, "x", Durability::fsync));
  EXPECT_TRUE(append("a", 3, "y", Durability::os));
  EXPECT_TRUE(append("a", 5, "z", Durability::memory));
  EXPECT_EQ(content("a"), ".x.y.z");
}

TEST_F(RealDiskTest, OneAppendMayFollowFromTheCompletionOfTheOther) {
  ASSERT_TRUE(disk_->replace("a", {}, 200));
  ASSERT_TRUE(disk_->open_for_appends("a"));
  std::optional<DiskResult<void>> result;
  int done = 0;
  std::move_only_function<void()> next = [&] {
    disk_->append("a", static_cast<std::uint64_t>(done), std::as_bytes(std::span("x", 1)),
                  Durability::os, [&](DiskResult<void> one) {
                    if (++done == 200) {
                      result = std::move(one);
                    } else {
                      next();
                    }
                  });
  };
  next();
  ASSERT_TRUE(wait(result));
  EXPECT_EQ(content("a"), std::string(200, 'x'));
}

TEST_F(RealDiskTest, AppendGoesToTheNewFileAfterAReplace) {
  ASSERT_TRUE(disk_->replace("a", {}, 3));
  ASSERT_TRUE(append("a", 0, "old"));
  ASSERT_TRUE(disk_->replace("a", {}, 3));
  ASSERT_TRUE(append("a", 0, "new"));
  EXPECT_EQ(content("a"), "new");
  ASSERT_TRUE(prepare("a", "", 3));
  ASSERT_TRUE(append("a", 0, "few"));
  EXPECT_EQ(content("a"), "few");
  ASSERT_TRUE(disk_->remove("a"));
  EXPECT_FALSE(append("a", 0, "old"));
}

TEST_F(RealDiskTest, AFileIsOpenForAppendsFromTheCallUntilItIsClosed) {
  for (const char* name : {"a", "b"}) {
    ASSERT_TRUE(disk_->replace(name, {}, 2));
    ASSERT_TRUE(disk_->open_for_appends(name));
  }
  EXPECT_GE(open_files(), 2);
  EXPECT_LE(open_files(), static_cast<std::ptrdiff_t>(2 * descriptors_per_appended_file));
  disk_->close("a");
  EXPECT_TRUE(append("b", 0, "x"));
  disk_->close("b");
  EXPECT_EQ(open_files(), 0);
}

TEST_F(RealDiskTest, WhatIsOpenIsAppendedToWhenThereIsNoDescriptorLeft) {
  ASSERT_TRUE(disk_->replace("a", {}, 3));
  std::optional<DiskResult<void>> opened;
  disk_->open_ahead("a", [&](DiskResult<void> done) { opened = std::move(done); });
  ASSERT_TRUE(wait(opened));
  std::vector<int> taken;
  while (taken.empty() || taken.back() != -1) taken.push_back(::dup(0));
  EXPECT_EQ(errno, EMFILE);
  std::optional<DiskResult<void>> written;
  disk_->append("a", 0, std::as_bytes(std::span("abc", 3)), Durability::fsync,
                [&](DiskResult<void> done) { written = std::move(done); });
  EXPECT_TRUE(wait(written));
  EXPECT_EQ(disk_->open_for_appends("a").error().code, EMFILE);
  for (const int descriptor : taken) {
    if (descriptor != -1) ::close(descriptor);
  }
  EXPECT_EQ(content("a"), "abc");
}

TEST_F(RealDiskTest, PrepareKeepsThePromiseOfReplaceWhileAnAppendIsUnderWay) {
  ASSERT_TRUE(disk_->replace("a", {}, 3));
  ASSERT_TRUE(disk_->open_for_appends("a"));
  std::optional<DiskResult<void>> appended;
  std::optional<DiskResult<void>> prepared;
  const Bytes text = bytes_of("abc");
  disk_->append("a", 0, text, Durability::fsync,
                [&](DiskResult<void> done) { appended = std::move(done); });
  disk_->prepare("b", bytes_of("de"), 1 << 20,
                 [&](DiskResult<void> done) { prepared = std::move(done); });
  EXPECT_TRUE(wait(appended));
  EXPECT_TRUE(wait(prepared));
  EXPECT_EQ(content("a"), "abc");
  EXPECT_EQ(content("b").substr(0, 3), std::string("de\0", 3));
  EXPECT_EQ(content("b").size(), 1u << 20);
}

TEST_F(RealDiskTest, AFailedPrepareIsAnErrorAndLeavesNothing) {
  std::filesystem::create_directory(directory_ + "/a");
  const auto result = prepare("a", "abc", 3);
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().message(), HasSubstr("cannot rename 'a.tmp'"));
}

TEST_F(RealDiskTest, AJobThatIsUnderWayEndsBeforeTheDiskDoes) {
  ASSERT_TRUE(disk_->replace("a", {}, 3));
  ASSERT_TRUE(disk_->open_for_appends("a"));
  const Bytes text = bytes_of("abc");
  bool completed = false;
  disk_->append("a", 0, text, Durability::fsync,
                [&](const DiskResult<void>&) { completed = true; });
  disk_ = nullptr;
  disk_ = open();
  EXPECT_EQ(content("a"), "abc");
  context_.poll();
  EXPECT_TRUE(completed);
}

using RealDiskDeathTest = RealDiskTest;

TEST_F(RealDiskDeathTest, NamesAreFlatAndTheLockIsNoFileOfTheStore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)disk_->read("../a"), "is_flat");
  EXPECT_DEATH((void)disk_->read(""), "is_flat");
  EXPECT_DEATH((void)disk_->remove("lock"), "is_flat");
}

TEST_F(RealDiskDeathTest, AnAppendToWhatIsNotOpenIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  ASSERT_TRUE(disk_->replace("a", {}, 1));
  EXPECT_DEATH(disk_->append("a", 0, {}, Durability::os, [](auto) {}), "appended_");
}

TEST(DiskErrors, SayWhatWasTriedAndWhatTheSystemSaid) {
  EXPECT_EQ((DiskError{ENOSPC, "cannot write 'a'"}).message(),
            "cannot write 'a': No space left on device");
}

TEST(Durabilities, HaveTheNamesOfTheConfiguration) {
  EXPECT_EQ(to_string(Durability::fsync), "fsync");
  EXPECT_EQ(to_string(Durability::os), "os");
  EXPECT_EQ(to_string(Durability::memory), "memory");
}

class MadeFile : public RealDiskTest {
 protected:
  DiskResult<void> make(const std::string& name, std::string text,
                        const std::string& instead_of = "") {
    std::optional<DiskResult<void>> result;
    disk_->make(
        name,
        [text = std::move(text)](FileWriter& draft) {
          return draft.write(std::as_bytes(std::span(text)));
        },
        instead_of, [&](DiskResult<void> done) { result = std::move(done); });
    EXPECT_FALSE(result.has_value()) << "completed before the loop ran";
    return wait(result);
  }

  std::vector<std::string> names() { return disk_->list().value(); }
};

TEST_F(MadeFile, HoldsWhatWasWrittenAndIsReadInPieces) {
  const std::string text(700'000, 'x');
  ASSERT_TRUE(make("sealed", text + "end"));
  EXPECT_EQ(names(), std::vector<std::string>{"sealed"});
  const auto file = disk_->open_for_reading("sealed").value();
  EXPECT_EQ(file->size(), text.size() + 3);
  Bytes piece(4);
  ASSERT_TRUE(file->read(text.size() - 1, piece));
  EXPECT_EQ(text_of(piece), "xend");
  EXPECT_FALSE(file->read(text.size(), piece)) << "it ends there";
  EXPECT_FALSE(file->read_at_once(text.size(), piece));
}

TEST_F(MadeFile, TakesTheRoomOfAnother) {
  ASSERT_TRUE(prepare("journal", "header", 100'000));
  ASSERT_TRUE(make("sealed", "short", "journal"));
  EXPECT_EQ(names(), std::vector<std::string>{"sealed"});
  EXPECT_EQ(text_of(disk_->read("sealed").value()), "short");
}

TEST_F(MadeFile, IsReadAlsoWhenItsNameIsGone) {
  ASSERT_TRUE(make("sealed", "short"));
  const auto file = disk_->open_for_reading("sealed").value();
  std::optional<DiskResult<void>> removed;
  disk_->run_in_background(
      [&] { return [&removed, result = disk_->remove("sealed")] { removed = result; }; });
  ASSERT_TRUE(wait(removed));
  EXPECT_TRUE(names().empty());
  Bytes piece(5);
  ASSERT_TRUE(file->read(0, piece));
  EXPECT_EQ(text_of(piece), "short");
}

TEST_F(MadeFile, LeavesNothingWhenItFails) {
  std::optional<DiskResult<void>> result;
  disk_->make(
      "sealed", [](FileWriter&) { return std::unexpected(DiskError{EIO, "read a part"}); }, "",
      [&](DiskResult<void> done) { result = std::move(done); });
  EXPECT_EQ(wait(result).error().code, EIO);
  EXPECT_TRUE(names().empty());
}

TEST_F(MadeFile, IsGivenUpWhenTheDiskIsClosed) {
  disk_->make(
      "sealed",
      [](FileWriter& draft) -> DiskResult<void> {
        const Bytes piece(1 << 16);
        for (;;) {
          if (auto written = draft.write(piece); !written) return written;
        }
      },
      "", [](DiskResult<void>) { FAIL() << "nobody is there any more"; });
  disk_.reset();
  disk_ = open();
  EXPECT_TRUE(names().empty());
}

}  // namespace
}  // namespace payswitch::platform
