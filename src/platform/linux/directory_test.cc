#include "platform/linux/directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace payswitch::platform {
namespace {

using testing::HasSubstr;

class LockedDirectoryTest : public testing::Test {
 protected:
  LockedDirectoryTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "payswitch-lock-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    root_ = pattern;
    directory_ = root_ + "/data";
    in_use_ = "data directory '" + directory_ + "' is in use by another process";
  }
  ~LockedDirectoryTest() override { std::filesystem::remove_all(root_); }

  // "" when it is taken, and let go at once.
  std::string refusal() const {
    const auto locked = open_and_lock(directory_);
    return locked ? "" : locked.error();
  }

  std::string root_;
  std::string directory_;
  std::string in_use_;
};

TEST_F(LockedDirectoryTest, IsMadeForItsOwnerOnlyAndLockedAsLongAsItIsOpen) {
  {
    const auto locked = open_and_lock(directory_);
    ASSERT_TRUE(locked.has_value());
    struct stat status{};
    ASSERT_EQ(::stat(directory_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    EXPECT_EQ(refusal(), in_use_);
  }
  EXPECT_EQ(refusal(), "");
}

TEST_F(LockedDirectoryTest, ASecondOneIsRefusedWhateverWasRemovedFromTheDirectory) {
  ASSERT_EQ(refusal(), "");
  ASSERT_NE(::creat((directory_ + "/lock").c_str(), 0600), -1);
  const auto locked = open_and_lock(directory_);
  ASSERT_TRUE(locked.has_value());
  ASSERT_TRUE(std::filesystem::remove(directory_ + "/lock"));
  EXPECT_EQ(refusal(), in_use_);
}

TEST_F(LockedDirectoryTest, AProcessOfAFormerVersionHoldsItsLockFileAndIsNoticed) {
  ASSERT_EQ(refusal(), "");
  const auto path = directory_ + "/lock";
  const int former = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::flock(former, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(refusal(), in_use_);
  ::close(former);
  const auto locked = open_and_lock(directory_);
  ASSERT_TRUE(locked.has_value());
  const int again = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  EXPECT_EQ(::flock(again, LOCK_EX | LOCK_NB), -1) << "a former version would start beside us";
  ::close(again);
}

TEST_F(LockedDirectoryTest, OneThatOthersMayWriteIsRefusedAndTheLineSaysWhatToDo) {
  ASSERT_EQ(refusal(), "");
  for (const mode_t mode : {0720u, 0702u, 0777u}) {
    ASSERT_EQ(::chmod(directory_.c_str(), mode), 0);
    EXPECT_THAT(refusal(), HasSubstr("'" + directory_ + "' can be written by its group"));
    EXPECT_THAT(refusal(), HasSubstr("chmod go-w"));
  }
  ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
  EXPECT_EQ(refusal(), "") << "to be read by others does no harm";
}

TEST_F(LockedDirectoryTest, OneOfAnotherUserIsRefusedAlsoToRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  ASSERT_EQ(refusal(), "");
  ASSERT_EQ(::chown(directory_.c_str(), 1, 1), 0);
  EXPECT_THAT(refusal(), HasSubstr("belongs to user 1, and this process runs as user 0"));
}

TEST_F(LockedDirectoryTest, ASymbolicLinkInItIsRefusedByItsName) {
  ASSERT_EQ(refusal(), "");
  std::filesystem::create_symlink(root_ + "/victim", directory_ + "/journal-0000000001");
  EXPECT_THAT(refusal(), HasSubstr("'journal-0000000001' is a symbolic link"));
}

}  // namespace
}  // namespace payswitch::platform
