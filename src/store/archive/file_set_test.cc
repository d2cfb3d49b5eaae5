#include "store/archive/file_set.h"

#include <gmock/gmock.h>

#include <map>

#include "store/archive/archive_bytes_fixture.h"

namespace payswitch::store::archive {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A directory of archive files, each with some payments, chained as compaction chains them.
class FileSetTest : public testing::Test {
 protected:
  // The file of the next segment.
  void add(std::uint32_t first, std::uint32_t count) {
    FileInfo info = info_of(files_.size() + 1, count);
    info.previous = seal_;
    put(file_bytes(many_settled(first, count), info), info);
    seal_ = open(file_name(info.first_segment, info.last_segment))->info().seal;
  }

  void merge(std::uint64_t first_segment, std::uint64_t last_segment) {
    Files parts;
    for (auto segment = first_segment; segment <= last_segment; ++segment) {
      parts.push_back(open(file_name(segment, segment)));
    }
    const FileInfo info = merged_info(parts, 1);
    BytesWriter out;
    ASSERT_TRUE(merged_content(parts, info)(out));
    put(std::move(out.bytes), info);
  }

  std::expected<FileSet, std::string> load() const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : files_) names.push_back(name);
    return FileSet::load(names, [this](const std::string& name) {
      return platform::DiskResult<std::shared_ptr<const platform::RandomAccessFile>>(
          std::make_shared<BytesFile>(files_.at(name)));
    });
  }

  std::map<std::string, Bytes> files_;

 private:
  void put(Bytes bytes, const FileInfo& info) {
    files_[file_name(info.first_segment, info.last_segment)] = std::move(bytes);
  }
  std::shared_ptr<const File> open(const std::string& name) const {
    return File::open(std::make_shared<BytesFile>(files_.at(name)), name).value();
  }

  std::uint64_t seal_ = 0;
};

TEST_F(FileSetTest, AnEmptyDirectoryIsAnEmptyArchive) {
  const FileSet archive = load().value();
  EXPECT_TRUE(archive.empty());
  EXPECT_EQ(archive.last().last_segment, 0u);
  EXPECT_EQ(archive.payments(), 0u);
}

TEST_F(FileSetTest, FindsAndSumsInAllFiles) {
  add(1, 10);
  add(11, 5);
  const FileSet archive = load().value();
  EXPECT_EQ(archive.payments(), 15u);
  EXPECT_EQ(archive.last().last_segment, 2u);
  EXPECT_TRUE(archive.find(test_id(3), Wait::no).value());
  EXPECT_TRUE(archive.find(test_id(14), Wait::no).value());
  EXPECT_FALSE(archive.find(test_id(16), Wait::no).value());
  EXPECT_EQ(archive.sum(cheap, {at(5), at(12)}, Wait::no)->count, 8u);
}

TEST_F(FileSetTest, AMissingFileIsNamed) {
  add(1, 1);
  add(2, 1);
  add(3, 1);
  files_.erase(file_name(2, 2));
  EXPECT_THAT(load().error(), HasSubstr("the sealed file of segment 2 is missing, but "
                                        "sealed-0000000003-0000000003 is there"));
}

TEST_F(FileSetTest, AFileOfAnotherChainIsRefused) {
  add(1, 1);
  add(2, 1);
  files_[file_name(1, 1)] = file_bytes(many_settled(7, 1), info_of(1, 1));
  EXPECT_THAT(load().error(), HasSubstr("does not follow the sealed file before it"));
}

TEST_F(FileSetTest, PartsThatAMergedFileHoldsAreSuperseded) {
  add(1, 1);
  add(2, 1);
  add(3, 1);
  merge(1, 2);
  const FileSet archive = load().value();
  EXPECT_EQ(archive.files().size(), 2u);
  EXPECT_EQ(archive.payments(), 3u);
  EXPECT_THAT(archive.superseded(), ElementsAre(file_name(1, 1), file_name(2, 2)));
}

TEST_F(FileSetTest, AMergedFileTakesThePlaceOfTheLastOnes) {
  add(1, 1);
  add(2, 1);
  add(3, 1);
  FileSet archive = load().value();
  merge(2, 3);
  archive.replace_last(2, load().value().files().back());
  EXPECT_EQ(archive.files().size(), 2u);
  EXPECT_EQ(archive.last().first_segment, 2u);
  EXPECT_TRUE(archive.find(test_id(2), Wait::no).value());
}

TEST_F(FileSetTest, WorthMergingIsTheLongestRunWhoseFirstIsNotLargerThanTheRest) {
  for (const auto count : {100u, 10u, 4u, 6u}) add(1000 * count, count);
  const auto worth = load().value().worth_merging();
  EXPECT_EQ(worth.size(), 3u);
  EXPECT_EQ(worth.front()->info().first_segment, 2u);
}

TEST_F(FileSetTest, LastWithinIsTheLongestRunThatFitsIntoSoManyBytes) {
  for (std::uint32_t i = 0; i < 3; ++i) add(1 + 10 * i, 1);
  const FileSet archive = load().value();
  const auto bytes = archive.files().back()->bytes();
  EXPECT_EQ(archive.last_within(bytes - 1).size(), 0u);
  EXPECT_EQ(archive.last_within(bytes).size(), 1u);
  EXPECT_EQ(archive.last_within(3 * bytes - 1).size(), 2u);
  EXPECT_EQ(archive.last_within(3 * bytes).size(), 3u);
}

TEST_F(FileSetTest, MergingIsDueBeforeTheArchiveIsFull) {
  for (std::uint32_t i = 0; i < 13; ++i) {
    EXPECT_FALSE(load().value().is_merging_due()) << i;
    add(1 + 10 * i, 1);
  }
  EXPECT_TRUE(load().value().is_merging_due());
  EXPECT_FALSE(load().value().is_full());
  add(1000, 1);
  EXPECT_FALSE(load().value().is_full());
  add(2000, 1);
  EXPECT_TRUE(load().value().is_full());
}

}  // namespace
}  // namespace payswitch::store::archive
