#include "platform/making.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

namespace payswitch::platform {
namespace {

using testing::ElementsAre;

// Writes down the steps; `fails` names the one that fails.
class WrittenSteps final : public Directory {
 public:
  std::vector<std::string> steps;
  std::string fails;
  std::string leftover;  // the name that exists besides those of the store

  DiskResult<std::unique_ptr<WritableFile>> create(const std::string& name) override {
    return opened(fmt::format("create {}", name));
  }
  DiskResult<std::unique_ptr<WritableFile>> open(const std::string& name) override {
    return opened(fmt::format("open {}", name));
  }
  DiskResult<void> rename(const std::string& from, const std::string& to) override {
    return step(fmt::format("rename {} to {}", from, to));
  }
  DiskResult<void> remove(const std::string& name) override {
    auto removed = step(fmt::format("remove {}", name));
    if (removed && name != leftover) return std::unexpected(DiskError{ENOENT, "remove"});
    return removed;
  }
  DiskResult<void> sync() override { return step("sync the directory"); }

 private:
  class OpenFile final : public WritableFile {
   public:
    explicit OpenFile(WrittenSteps& owner) : owner_(owner) {}
    DiskResult<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
      return owner_.step(fmt::format("write {} at {}", bytes.size(), offset));
    }
    DiskResult<void> cut(std::uint64_t size) override {
      return owner_.step(fmt::format("cut at {}", size));
    }
    DiskResult<void> sync(Sync) override { return owner_.step("sync the file"); }

   private:
    WrittenSteps& owner_;
  };

  DiskResult<void> step(std::string text) {
    steps.push_back(std::move(text));
    if (steps.back() == fails) return std::unexpected(DiskError{EIO, fails});
    return {};
  }
  DiskResult<std::unique_ptr<WritableFile>> opened(std::string text) {
    if (auto done = step(std::move(text)); !done) return std::unexpected(done.error());
    return std::make_unique<OpenFile>(*this);
  }
};

class Making : public testing::Test {
 protected:
  DiskResult<void> make(const std::string& instead_of) {
    Disk::Content content = [](FileWriter& draft) { return draft.write(Bytes(10)); };
    return make_file(steps, "sealed", content, instead_of, [](auto) { return true; });
  }

  WrittenSteps steps;
};

TEST_F(Making, AReplacedFileIsWholeAndSyncedBeforeItHasItsName) {
  ASSERT_TRUE(replace_file(steps, "a", Bytes(3), 5));
  EXPECT_THAT(steps.steps,
              ElementsAre("remove a.tmp", "create a.tmp", "write 3 at 0", "write 2 at 3",
                          "sync the file", "rename a.tmp to a", "sync the directory"));
}

TEST_F(Making, ALentFileIsOverwrittenOnlyWhenItsRenameIsOnTheDisk) {
  ASSERT_TRUE(make("journal"));
  EXPECT_THAT(steps.steps,
              ElementsAre("rename journal to sealed.tmp", "sync the directory", "open sealed.tmp",
                          "write 10 at 0", "sync the file", "cut at 10", "sync the file",
                          "rename sealed.tmp to sealed", "sync the directory"));
}

TEST_F(Making, ALentFileIsNotTouchedWhenItsRenameCannotBeSynced) {
  steps.fails = "sync the directory";
  EXPECT_FALSE(make("journal"));
  EXPECT_THAT(steps.steps, ElementsAre("rename journal to sealed.tmp", "sync the directory",
                                       "remove sealed.tmp"));
}

TEST_F(Making, ALeftoverIsRemovedAndTheFileIsANewOne) {
  steps.leftover = "sealed.tmp";
  ASSERT_TRUE(make(""));
  EXPECT_EQ(steps.steps[0], "remove sealed.tmp");
  EXPECT_EQ(steps.steps[1], "create sealed.tmp");
}

TEST_F(Making, WhatCouldNotBeFinishedIsRemoved) {
  steps.fails = "sync the file";
  EXPECT_FALSE(replace_file(steps, "a", Bytes(3), 3));
  EXPECT_EQ(steps.steps.back(), "remove a.tmp");
  EXPECT_FALSE(make(""));
  EXPECT_EQ(steps.steps.back(), "remove sealed.tmp");
}

TEST_F(Making, IsGivenUpAtTheNextRestWhenTheProcessEnds) {
  Disk::Content content = [](FileWriter& draft) { return draft.write(Bytes(1 << 20)); };
  const auto made = make_file(steps, "sealed", content, "", [](auto) { return false; });
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ECANCELED);
  EXPECT_EQ(steps.steps.back(), "remove sealed.tmp");
}

}  // namespace
}  // namespace payswitch::platform
