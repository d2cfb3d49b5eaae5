#include <gmock/gmock.h>
#include <xxhash.h>

#include <cstddef>
#include <cstring>
#include <map>
#include <set>

#include "store/archive/archive.h"
#include "store/embedded/lives_fixture.h"
#include "store/embedded/seal.h"

// The seeds of the sealed files' filters.
namespace payswitch::store::embedded {
namespace {

using namespace std::chrono_literals;

struct BytesDraft final : platform::FileWriter {
  platform::DiskResult<void> write(std::span<const std::byte> more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
  platform::Bytes bytes;
};

class FilterSeeds : public testing::Test {
 protected:
  void SetUp() override {
    lives_.options.sealing = true;
    const auto started = lives_.start();
    ASSERT_TRUE(started) << started.error();
  }

  void pay(std::uint32_t first, std::uint32_t count) {
    for (auto number = first; number < first + count; ++number) {
      const auto sent = intent(1, at(number));
      lives_.store().accept(acceptance(number, 100, sent), [](Verdict) {});
      lives_.world.run_for(10ms);
      lives_.store().settle(test_id(number), settlement(sent, 100), [] {});
      lives_.world.run_for(20ms);
    }
  }

  // Of those that are there, by name.
  std::map<std::string, std::uint64_t> seeds() {
    std::map<std::string, std::uint64_t> seeds;
    const auto books = Archive::load(lives_.disk);
    EXPECT_TRUE(books);
    for (const auto& file : books->files()) seeds[file->name()] = file->info().filter_seed;
    return seeds;
  }

  std::shared_ptr<const ArchiveFile> file(const std::string& name) {
    return ArchiveFile::open(lives_.disk, name).value();
  }

  Lives lives_;
};

TEST_F(FilterSeeds, EachSealedFileHasARandomOneOfItsOwn) {
  pay(1, 40);
  std::set<std::uint64_t> different;
  for (const auto& [name, seed] : seeds()) different.insert(seed);
  EXPECT_GE(different.size(), 4u);
  EXPECT_EQ(different.size(), seeds().size());
  EXPECT_FALSE(different.contains(0));
}

TEST_F(FilterSeeds, AMergedFileHasANewOne) {
  pay(1, 40);
  const auto parts = Archive::load(lives_.disk).value().files();
  ASSERT_GE(parts.size(), 4u);
  const SealInfo info = merged_info(parts, 77);
  EXPECT_EQ(info.filter_seed, 77u);
  BytesDraft draft;
  ASSERT_TRUE(merge_of(parts, info)(draft));
  const auto name = sealed_name(info.first_segment, info.last_segment);
  lives_.disk.put(name, draft.bytes);
  EXPECT_EQ(file(name)->info().filter_seed, 77u);
  EXPECT_TRUE(file(name)->check_whole());
  for (std::uint32_t number = 1; number <= info.payments; ++number) {
    EXPECT_TRUE(file(name)->may_hold(test_id(number)));
  }
}

// A client who knows the seed can choose such ids: each of them would cost a read of the disk.
TEST_F(FilterSeeds, IdsChosenAgainstASeedOfZeroAreStrangers) {
  for (std::uint32_t number = 1; number <= 60; ++number) {
    lives_.store().accept(acceptance(number, 100, intent(1, at(number))), [](Verdict) {});
  }
  lives_.world.run_for(10ms);
  for (std::uint32_t number = 1; number <= 60; ++number) {
    lives_.store().settle(test_id(number), settlement(intent(1, at(number)), 100), [] {});
  }
  pay(100, 20);
  const auto oldest = file(seeds().begin()->first);
  Filter of_zero(oldest->info().payments, 0);
  for (std::uint64_t page = 0; page < oldest->id_pages(); ++page) {
    const auto read = oldest->id_page(page, Wait::yes).value();
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
  SealedFooter footer;
  auto* const place = &bytes[bytes.size() - page_bytes];
  std::memcpy(&footer, place, sizeof(footer));
  footer.version = 2;
  footer.seal = make_seal(footer);
  footer.filter_seed = XXH3_64bits(&footer, offsetof(SealedFooter, filter_seed));
  footer.checksum = 0;
  std::memcpy(place, &footer, sizeof(footer));
  return bytes;
}

TEST_F(FilterSeeds, AFileOfTheVersionBeforeIsReadWithTheSeedThatItHad) {
  const auto generation = std::make_shared<Memtable>();
  for (std::uint32_t number = 1; number <= 500; ++number) {
    const AttemptView attempt{
        .number = 1, .processor = cheap, .requested_at = at(number), .outcome = std::nullopt};
    generation->settled.add({.id = test_id(number),
                             .amount = cents(100),
                             .accepted_at = at(number),
                             .settlement = settlement(intent(1, at(number)), 100),
                             .attempts = {attempt}});
  }
  BytesDraft draft;
  const SealInfo info{.first_segment = 1,
                      .last_segment = 1,
                      .chain = {.number = 7, .checksum = 8},
                      .records = 1000,
                      .payments = 500,
                      .highest_requested_at = at(500),
                      .names = {"default", "fallback"},
                      .previous = 9,
                      .filter_seed = 9};
  ASSERT_TRUE(seal_of(generation, info)(draft));
  const auto name = sealed_name(1, 1);
  lives_.disk.put(name, as_version_2(draft.bytes));
  const auto old = ArchiveFile::open(lives_.disk, name);
  ASSERT_TRUE(old) << old.error();
  EXPECT_EQ((*old)->info().filter_seed, 9u);
  EXPECT_TRUE((*old)->check_whole());
  for (std::uint32_t number = 1; number <= 500; ++number) {
    ASSERT_TRUE((*old)->may_hold(test_id(number)));
    ASSERT_TRUE((*old)->find(test_id(number), Wait::yes).value());
  }
  auto damaged = as_version_2(draft.bytes);
  damaged[damaged.size() - page_bytes + offsetof(SealedFooter, payments)] ^= std::byte{1};
  lives_.disk.put(name, damaged);
  EXPECT_FALSE(ArchiveFile::open(lives_.disk, name));
}

}  // namespace
}  // namespace payswitch::store::embedded
