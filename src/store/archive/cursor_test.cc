#include "store/archive/cursor.h"

#include <gmock/gmock.h>

#include <cstring>

#include "store/archive/archive_bytes_fixture.h"

namespace payswitch::store::archive {
namespace {

using testing::HasSubstr;

using Ids = std::vector<payment::CorrelationId>;

Ids ids_of(std::vector<SettledPayment> payments) {
  std::ranges::sort(payments, {}, &SettledPayment::id);
  Ids ids;
  for (const auto& payment : payments) ids.push_back(payment.id);
  return ids;
}

Ids rest(Cursor& cursor) {
  Ids ids;
  while (cursor.next(Wait::yes) && cursor.entry()) ids.push_back(cursor.entry()->id());
  return ids;
}

Ids rest(MergedCursor& cursor) {
  Ids ids;
  while (cursor.next(Wait::yes) && cursor.entry() != nullptr) ids.push_back(cursor.entry()->id());
  return ids;
}

// The pages of payments of a file, one of them spoiled.
std::shared_ptr<const File> with_spoiled_page(const std::vector<SettledPayment>& payments,
                                              std::uint64_t page) {
  auto bytes = file_bytes(payments, info_of(1, payments.size()));
  bytes[page * page_bytes + 100] ^= std::byte{1};
  return open_bytes(std::move(bytes), 1, 1).value();
}

TEST(Cursor, GivesEveryPaymentInTheOrderOfTheIds) {
  const auto payments = many_settled(1, 200);
  const auto file = make_archive_file(payments);
  Cursor cursor(*file);
  EXPECT_FALSE(cursor.entry());
  EXPECT_EQ(rest(cursor), ids_of(payments));
  EXPECT_EQ(cursor.pages_read(), 4u);
  EXPECT_TRUE(cursor.next(Wait::yes)) << "the end stays the end";
  EXPECT_FALSE(cursor.entry());
}

TEST(Cursor, GoesOnAfterAnyId) {
  const auto ids = ids_of(many_settled(1, 200));
  const auto file = make_archive_file(many_settled(1, 200));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Cursor cursor(*file, ids[i]);
    ASSERT_EQ(rest(cursor), Ids(ids.begin() + static_cast<std::ptrdiff_t>(i) + 1, ids.end())) << i;
  }
}

TEST(Cursor, AnIdThatIsNotThereIsAPlaceToGoOnAfterToo) {
  const auto file = make_archive_file(many_settled(2, 100, 2));
  Cursor before_all(*file, test_id(0));
  EXPECT_EQ(rest(before_all).size(), 100u);
  Cursor between(*file, test_id(101));
  EXPECT_EQ(rest(between).size(), 50u);
  Cursor after_all(*file, test_id(0xffffffff));
  EXPECT_EQ(rest(after_all).size(), 0u);
}

TEST(Cursor, SaysWhereAPaymentLies) {
  const auto file = make_archive_file(many_settled(1, 64));
  Cursor cursor(*file);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(cursor.next(Wait::yes));
  EXPECT_EQ(cursor.page(), 0u);
  EXPECT_EQ(cursor.offset(), sizeof(PageHeader) + slot_bytes);
  for (int i = 0; i < 62; ++i) ASSERT_TRUE(cursor.next(Wait::yes));
  EXPECT_EQ(cursor.page(), 1u);
  EXPECT_EQ(cursor.offset(), page_bytes + sizeof(PageHeader));
}

TEST(Cursor, AfterADamagedPageItGoesOnWithTheNextOne) {
  const auto payments = many_settled(1, 63 * 3);
  const auto file = with_spoiled_page(payments, 1);
  Cursor cursor(*file);
  for (int i = 0; i < 63; ++i) ASSERT_TRUE(cursor.next(Wait::yes));
  const auto damaged = cursor.next(Wait::yes);
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().damage, HasSubstr("damaged at offset 4096"));
  EXPECT_FALSE(cursor.entry());
  EXPECT_EQ(rest(cursor).size(), 63u);
}

TEST(Cursor, APageThatIsNotInMemoryIsAskedForAgain) {
  const auto payments = many_settled(1, 3);
  const auto file =
      File::open(std::make_shared<BytesFile>(file_bytes(payments, info_of(1, 3)), false),
                 file_name(1, 1))
          .value();
  Cursor cursor(*file);
  const auto missed = cursor.next(Wait::no);
  ASSERT_FALSE(missed);
  EXPECT_EQ(missed.error().damage, "");
  EXPECT_EQ(rest(cursor), ids_of(payments));
}

// Its checksum is right, so only a bug can have written it: what it holds must not go missing.
TEST(Cursor, SlotsThatCannotBePaymentsAreDamage) {
  auto bytes = file_bytes(many_settled(1, 2), info_of(1, 2));
  Page page;
  std::memcpy(page.bytes().data(), bytes.data(), page_bytes);
  Slot slot;
  const std::size_t second = sizeof(PageHeader) + slot_bytes;
  std::memcpy(&slot, page.bytes().data() + second, sizeof(slot));
  slot.attempt_count = 1;
  std::memcpy(page.bytes().data() + second, &slot, sizeof(slot));
  const auto closed = page.close({.first_segment = 1, .last_segment = 1, .number = 0});
  std::ranges::copy(closed, bytes.begin());
  const auto file = open_bytes(std::move(bytes), 1, 1).value();
  Cursor cursor(*file);
  ASSERT_TRUE(cursor.next(Wait::yes));
  const auto read = cursor.next(Wait::yes);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().damage, HasSubstr("never written as payments"));
  EXPECT_TRUE(cursor.next(Wait::yes));
  EXPECT_FALSE(cursor.entry());
}

TEST(MergedCursor, GivesThePaymentsOfAllFilesInTheOrderOfTheIds) {
  const auto even = many_settled(2, 150, 2);
  const auto odd = many_settled(1, 80, 2);
  auto all = even;
  all.insert(all.end(), odd.begin(), odd.end());
  MergedCursor cursor(
      {make_archive_file(even), make_archive_file({}, 2), make_archive_file(odd, 3)}, std::nullopt);
  EXPECT_EQ(rest(cursor), ids_of(all));
  EXPECT_EQ(cursor.pages_read(), 5u);
}

TEST(MergedCursor, GoesOnAfterAnIdInEveryFile) {
  MergedCursor cursor(
      {make_archive_file(many_settled(1, 50)), make_archive_file(many_settled(51, 50), 2)},
      test_id(40));
  EXPECT_EQ(rest(cursor).size(), 60u);
}

TEST(MergedCursor, OfNoFilesHasNothing) {
  MergedCursor cursor({}, std::nullopt);
  EXPECT_TRUE(cursor.next(Wait::yes));
  EXPECT_EQ(cursor.entry(), nullptr);
}

TEST(MergedCursor, DamageInOneFileIsAnError) {
  MergedCursor cursor(
      {make_archive_file(many_settled(1, 10), 2), with_spoiled_page(many_settled(100, 10), 0)},
      std::nullopt);
  EXPECT_FALSE(cursor.next(Wait::yes));
}

TEST(SumCursor, GivesEachMomentWithItsOwnTotalAndTheRunningOne) {
  const auto file = make_archive_file(
      {settled(1, 10, 100), settled(2, 10, 50), settled(3, 20, 7), settled(4, 15, 1, dear)});
  SumCursor cursor(*file, cheap);
  ASSERT_TRUE(cursor.next(Wait::yes));
  EXPECT_EQ(cursor.moment()->time, at(10));
  EXPECT_EQ(cursor.moment()->total.count, 2u);
  EXPECT_TRUE(cursor.moment()->total.cents == 150);
  ASSERT_TRUE(cursor.next(Wait::yes));
  EXPECT_EQ(cursor.moment()->time, at(20));
  EXPECT_EQ(cursor.moment()->total.count, 1u);
  EXPECT_TRUE(cursor.moment()->until.cents == 157);
  ASSERT_TRUE(cursor.next(Wait::yes));
  EXPECT_FALSE(cursor.moment());
}

TEST(SumCursor, GoesOverEveryPage) {
  const auto file = make_archive_file(many_settled(1, 300));
  SumCursor cursor(*file, cheap);
  std::uint64_t moments = 0;
  while (cursor.next(Wait::yes) && cursor.moment()) {
    EXPECT_EQ(cursor.moment()->until.count, ++moments);
  }
  EXPECT_EQ(moments, 300u);
}

TEST(SumCursor, AProcessorThatBookedNothingHasNoMoments) {
  const auto file = make_archive_file(many_settled(1, 3));
  SumCursor cursor(*file, dear);
  EXPECT_TRUE(cursor.next(Wait::yes));
  EXPECT_FALSE(cursor.moment());
}

}  // namespace
}  // namespace payswitch::store::archive
