#include <gmock/gmock.h>
#include <xxhash.h>

#include <cstddef>
#include <cstring>
#include <map>
#include <set>

#include "store/archive/file_set.h"
#include "store/embedded/archive_content.h"
#include "store/embedded/store_process_fixture.h"

// The seeds of the archive files' filters.
namespace payswitch::store::embedded {
namespace {

using namespace std::chrono_literals;

struct BytesWriter final : platform::FileWriter {
  platform::DiskResult<void> write(std::span<const std::byte> more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
  platform::Bytes bytes;
};

class FilterSeeds : public testing::Test {
 protected:
  void SetUp() override {
    process_.options.compaction = true;
    const auto started = process_.start();
    ASSERT_TRUE(started) << started.error();
  }

  void pay(std::uint32_t first, std::uint32_t count) {
    for (auto number = first; number < first + count; ++number) {
      const auto sent = intent(1, at(number));
      process_.store().accept(acceptance(number, 100, sent), [](Verdict) {});
      process_.world.run_for(10ms);
      process_.store().settle(test_id(number), settlement(sent, 100), [] {});
      process_.world.run_for(20ms);
    }
  }

  // Of those that are there, by name.
  std::map<std::string, std::uint64_t> seeds() {
    std::map<std::string, std::uint64_t> seeds;
    const auto books = archive::FileSet::load(process_.disk);
    EXPECT_TRUE(books);
    for (const auto& file : books->files()) seeds[file->name()] = file->info().filter_seed;
    return seeds;
  }

  std::shared_ptr<const archive::File> file(const std::string& name) {
    return archive::File::open(process_.disk, name).value();
  }

  StoreProcess process_;
};

TEST_F(FilterSeeds, EachArchiveFileHasARandomOneOfItsOwn) {
  pay(1, 40);
  std::set<std::uint64_t> different;
  for (const auto& [name, seed] : seeds()) different.insert(seed);
  EXPECT_GE(different.size(), 4u);
  EXPECT_EQ(different.size(), seeds().size());
  EXPECT_FALSE(different.contains(0));
}

TEST_F(FilterSeeds, AMergedFileHasANewOne) {
  pay(1, 40);
  const auto parts = archive::FileSet::load(process_.disk).value().files();
  ASSERT_GE(parts.size(), 4u);
  const archive::FileInfo info = archive::merged_info(parts, 77);
  EXPECT_EQ(info.filter_seed, 77u);
  BytesWriter out;
  ASSERT_TRUE(archive::merged_content(parts, info)(out));
  const auto name = archive::file_name(info.first_segment, info.last_segment);
  process_.disk.put(name, out.bytes);
  EXPECT_EQ(file(name)->info().filter_seed, 77u);
  EXPECT_TRUE(file(name)->check_whole());
  for (std::uint32_t number = 1; number <= info.payments; ++number) {
    EXPECT_TRUE(file(name)->may_hold(test_id(number)));
  }
}

// A client who knows the seed can choose such ids: each of them would cost a read of the disk.
TEST_F(FilterSeeds, IdsChosenAgainstASeedOfZeroAreStrangers) {
  for (std::uint32_t number = 1; number <= 60; ++number) {
    process_.store().accept(acceptance(number, 100, intent(1, at(number))), [](Verdict) {});
  }
  process_.world.run_for(10ms);
  for (std::uint32_t number = 1; number <= 60; ++number) {
    process_.store().settle(test_id(number), settlement(intent(1, at(number)), 100), [] {});
  }
  pay(100, 20);
  const auto oldest = file(seeds().begin()->first);
  archive::Filter of_zero(oldest->info().payments, 0);
  for (std::uint64_t page = 0; page < oldest->id_pages(); ++page) {
    const auto read = oldest->id_page(page, archive::Wait::yes).value();
    std::uint32_t slot = 0;
    while (const auto entry = read.next(slot)) of_zero.add(entry->id());
  }
  std::size_t chosen = 0;
  std::size_t taken = 0;
  for (std::uint32_t number = 1'000; chosen < 50 && number < 2'000'000; ++number) {
    if (!of_zero.may_hold(test_id(number))) continue;
    ++chosen;
    if (oldest->may_hold(test_id(number))) ++taken;
  }
  ASSERT_EQ(chosen, 50u);
  EXPECT_LE(taken, 5u);
}

// Version 2 had no seed of its own: its filter was made with the seal before.
platform::Bytes as_version_2(platform::Bytes bytes) {
  archive::Footer footer;
  auto* const place = &bytes[bytes.size() - archive::page_bytes];
  std::memcpy(&footer, place, sizeof(footer));
  footer.version = 2;
  footer.seal = archive::make_seal(footer);
  footer.filter_seed = XXH3_64bits(&footer, offsetof(archive::Footer, filter_seed));
  footer.checksum = 0;
  std::memcpy(place, &footer, sizeof(footer));
  return bytes;
}

TEST_F(FilterSeeds, AFileOfTheVersionBeforeIsReadWithTheSeedThatItHad) {
  const auto memtable = std::make_shared<Memtable>();
  for (std::uint32_t number = 1; number <= 500; ++number) {
    const AttemptView attempt{
        .number = 1, .processor = cheap, .requested_at = at(number), .outcome = std::nullopt};
    memtable->settled.add({.id = test_id(number),
                           .amount = cents(100),
                           .accepted_at = at(number),
                           .settlement = settlement(intent(1, at(number)), 100),
                           .attempts = {attempt}});
  }
  BytesWriter out;
  const archive::FileInfo info{.first_segment = 1,
                               .last_segment = 1,
                               .chain = {.number = 7, .checksum = 8},
                               .records = 1000,
                               .payments = 500,
                               .highest_requested_at = at(500),
                               .names = {"default", "fallback"},
                               .previous = 9,
                               .filter_seed = 9};
  ASSERT_TRUE(archive_content(memtable, info)(out));
  const auto name = archive::file_name(1, 1);
  process_.disk.put(name, as_version_2(out.bytes));
  const auto old = archive::File::open(process_.disk, name);
  ASSERT_TRUE(old) << old.error();
  EXPECT_EQ((*old)->info().filter_seed, 9u);
  EXPECT_TRUE((*old)->check_whole());
  for (std::uint32_t number = 1; number <= 500; ++number) {
    ASSERT_TRUE((*old)->may_hold(test_id(number)));
    ASSERT_TRUE((*old)->find(test_id(number), archive::Wait::yes).value());
  }
  auto damaged = as_version_2(out.bytes);
  damaged[damaged.size() - archive::page_bytes + offsetof(archive::Footer, payments)] ^=
      std::byte{1};
  process_.disk.put(name, damaged);
  EXPECT_FALSE(archive::File::open(process_.disk, name));
}

}  // namespace
}  // namespace payswitch::store::embedded
