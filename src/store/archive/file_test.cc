#include "store/archive/file.h"

#include <gmock/gmock.h>

#include <cstring>

#include "store/archive/archive_bytes_fixture.h"

namespace payswitch::store::archive {
namespace {

using testing::HasSubstr;

const std::vector<SettledPayment> payments = many_settled(1, 500);

Bytes whole() {
  return file_bytes(payments, info_of(1, payments.size()));
}

TEST(ArchiveFile, IsNamedAfterItsSegments) {
  EXPECT_EQ(file_name(1, 16), "sealed-0000000001-0000000016");
  EXPECT_EQ(segments_in_name("sealed-0000000001-0000000016"), std::pair(1ul, 16ul));
  for (const std::string name :
       {"sealed-1-16", "sealed-0000000001-0000000016.tmp", "journal-0000000001", ""}) {
    EXPECT_FALSE(segments_in_name(name)) << name;
  }
}

TEST(ArchiveFile, SaysWhatItWasBuiltWith) {
  const auto file = make_archive_file(payments, 3);
  EXPECT_EQ(file->info().payments, 500u);
  EXPECT_EQ(file->info().first_segment, 3u);
  EXPECT_EQ(file->info().chain.number, 30u);
  EXPECT_EQ(file->info().names, (std::vector<std::string>{"default", "fallback"}));
  EXPECT_NE(file->info().seal, 0u);
  EXPECT_EQ(file->id_pages(), 8u);  // 63 a page
  EXPECT_TRUE(file->check_whole());
}

TEST(ArchiveFile, FindsEveryPaymentAndNoOther) {
  const auto file = make_archive_file(payments);
  for (const auto& payment : payments) {
    ASSERT_TRUE(file->may_hold(payment.id));
    const auto found = file->find(payment.id, Wait::no).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->settlement.requested_at, payment.settlement.requested_at);
  }
  EXPECT_FALSE(file->find(test_id(0), Wait::no).value()) << "before the first one";
  EXPECT_FALSE(file->find(test_id(100'000), Wait::no).value());
}

TEST(ArchiveFile, SumsEveryWindowToTheCent) {
  const auto file = make_archive_file(payments);
  const auto count = [&](std::int64_t from, std::int64_t to) {
    return file->sum(cheap, {at(from), at(to)}, Wait::no)->count;
  };
  EXPECT_EQ(count(1, 500), 500u);
  EXPECT_EQ(count(0, 1), 1u);
  EXPECT_EQ(count(128, 254), 127u);
  EXPECT_EQ(count(500, 500), 1u);
  EXPECT_EQ(count(501, 900), 0u);
  EXPECT_EQ(count(20, 10), 0u) << "the window ends before it begins";
  EXPECT_EQ(file->sum(dear, {}, Wait::no)->count, 0u);
  EXPECT_EQ(file->sum(payment::max_processors - 1, {}, Wait::no)->count, 0u);
  EXPECT_EQ(file->total(cheap).count, 500u);
  EXPECT_EQ(file->highest_time(), at(500));
}

TEST(ArchiveFile, WhatIsNotInMemoryIsReadOnlyWhenTheCallerWaits) {
  const auto file =
      File::open(std::make_shared<BytesFile>(whole(), false), file_name(1, 1)).value();
  const auto missed = file->find(test_id(7), Wait::no);
  ASSERT_FALSE(missed);
  EXPECT_EQ(missed.error().damage, "");
  EXPECT_TRUE(file->find(test_id(7), Wait::yes).value());
  EXPECT_TRUE(file->sum(cheap, {}, Wait::no)) << "the whole total is in memory";
}

TEST(ArchiveFile, ADamagedPageIsNamedWithItsPlace) {
  auto bytes = whole();
  bytes[page_bytes + 100] ^= std::byte{1};
  const auto file = open_bytes(std::move(bytes), 1, 1).value();
  const auto page = file->id_page(1, Wait::yes);
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().damage,
              HasSubstr("sealed-0000000001-0000000001 is damaged at offset 4096"));
  EXPECT_TRUE(file->id_page(0, Wait::yes));
  EXPECT_FALSE(file->check_whole());
}

TEST(ArchiveFile, APageInThePlaceOfAnotherIsDamage) {
  auto bytes = whole();
  std::memcpy(bytes.data() + page_bytes, bytes.data() + 2 * page_bytes, page_bytes);
  EXPECT_FALSE(open_bytes(std::move(bytes), 1, 1).value()->id_page(1, Wait::yes));
}

TEST(ArchiveFile, WhatCannotBeOpenedSaysWhy) {
  EXPECT_THAT(open_bytes({}, 1, 1).error(), HasSubstr("too short to have a footer"));
  EXPECT_THAT(open_bytes(Bytes(page_bytes), 1, 1).error(), HasSubstr("no footer is there"));
  EXPECT_THAT(open_bytes(whole(), 1, 2).error(), HasSubstr("it was renamed"));
  auto longer = whole();
  longer.insert(longer.begin(), page_bytes, std::byte{0});
  EXPECT_THAT(open_bytes(std::move(longer), 1, 1).error(), HasSubstr("another length"));
  auto damaged = whole();
  damaged[damaged.size() - page_bytes + 100] ^= std::byte{1};
  EXPECT_THAT(open_bytes(std::move(damaged), 1, 1).error(), HasSubstr("footer has a wrong"));
  auto tables = whole();
  tables[tables.size() - page_bytes - 1] ^= std::byte{1};
  EXPECT_THAT(open_bytes(std::move(tables), 1, 1).error(), HasSubstr("tables have a wrong"));
}

TEST(ArchiveFile, AnotherFormatVersionIsNoDamage) {
  auto bytes = whole();
  EXPECT_FALSE(is_of_another_format(BytesFile(bytes)));
  bytes[bytes.size() - page_bytes + offsetof(Footer, version)] = std::byte{9};
  EXPECT_TRUE(is_of_another_format(BytesFile(bytes)));
  EXPECT_THAT(open_bytes(bytes, 1, 1).error(), HasSubstr("has format version 9"));
}

TEST(ArchiveFile, OneWithoutAPaymentIsAFile) {
  const auto file = make_archive_file({});
  EXPECT_EQ(file->id_pages(), 0u);
  EXPECT_FALSE(file->find(test_id(1), Wait::no).value());
  EXPECT_EQ(file->sum(cheap, {}, Wait::no)->count, 0u);
}

}  // namespace
}  // namespace payswitch::store::archive
