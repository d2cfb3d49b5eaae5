#include "store/embedded/restorer.h"

#include <gmock/gmock.h>

#include "store/archive/archive_bytes_fixture.h"
#include "store/journal/record.h"

namespace payswitch::store::embedded {
namespace {

using archive::settled;
using testing::HasSubstr;
using testing::StrEq;

// Payments 1 to 10 are in the archive; the journal goes on after them.
class RestorerTest : public testing::Test {
 protected:
  RestorerTest() { begin_after({archive::make_archive_file(archive::many_settled(1, 10))}); }

  void begin_after(const archive::Files& files) {
    archive::FileSet archive;
    for (const auto& file : files) archive.add(file);
    counters_ = {};
    index_.emplace(counters_);
    index_->begin_after(archive);
    restorer_.emplace(*index_, archive);
  }

  Restorer::Restored apply(const journal::Record& record) {
    return restorer_->apply(record, ++sequence_).value();
  }

  static Acceptance accepted(std::uint32_t number, std::int64_t amount = 100) {
    return acceptance(number, amount);
  }

  Counters counters_;
  std::optional<Index> index_;
  std::optional<Restorer> restorer_;
  std::uint64_t sequence_ = 1'000;
};

TEST_F(RestorerTest, ANewPaymentIsAppliedToTheIndex) {
  EXPECT_TRUE(apply(journal::accepted_record(accepted(11))).changed);
  EXPECT_TRUE(index_->known(test_id(11)));
  EXPECT_EQ(counters_.open(), 1u);
}

TEST_F(RestorerTest, Protocol45RecordsOfAnArchivedPaymentChangeNothing) {
  const auto known = settled(3, 3);
  for (const auto& record :
       {journal::accepted_record(accepted(3)), journal::intent_record(test_id(3), intent(1, at(3))),
        journal::settled_record(test_id(3), known.settlement)}) {
    const auto restored = apply(record);
    EXPECT_FALSE(restored.changed);
    EXPECT_EQ(restored.contradiction, nullptr);
    EXPECT_FALSE(restored.awaits_carried);
  }
  EXPECT_EQ(counters_.open(), 0u);
}

TEST_F(RestorerTest, ARecordThatDiffersFromTheArchiveContradicts) {
  EXPECT_THAT(apply(journal::accepted_record(accepted(3, 101))).contradiction,
              StrEq("a payment accepted twice, differently"));
  EXPECT_THAT(
      apply(journal::settled_record(test_id(3), settlement(intent(1, at(4)), 100))).contradiction,
      StrEq("a payment settled twice, differently"));
  EXPECT_THAT(apply(journal::parked_record(test_id(3), at(9))).contradiction,
              StrEq("a settled payment is parked"));
}

TEST_F(RestorerTest, ARecordOfAPaymentWhoseAcceptanceIsGoneAwaitsThatItIsCarriedForward) {
  const auto restored = apply(journal::intent_record(test_id(50), intent(2, at(50))));
  EXPECT_TRUE(restored.awaits_carried);
  EXPECT_FALSE(restored.changed);
  EXPECT_EQ(restored.contradiction, nullptr);
}

TEST_F(RestorerTest, ASettlementOfNoPaymentContradicts) {
  const auto restored = apply(journal::settled_record(test_id(50), settlement(intent(1, at(50)))));
  EXPECT_FALSE(restored.awaits_carried);
  EXPECT_THAT(restored.contradiction, StrEq("a record of a payment that was never accepted"));
}

TEST_F(RestorerTest, WithoutAnArchiveNoAcceptanceCanBeGone) {
  begin_after({});
  const auto restored = apply(journal::intent_record(test_id(50), intent(2, at(50))));
  EXPECT_FALSE(restored.awaits_carried);
  EXPECT_THAT(restored.contradiction, StrEq("a record of a payment that was never accepted"));
}

TEST_F(RestorerTest, AnArchiveFileThatCannotBeReadIsAnErrorThatNamesIt) {
  auto bytes = archive::file_bytes(archive::many_settled(1, 10), archive::info_of(1, 10));
  bytes[100] ^= std::byte{1};
  begin_after({archive::open_bytes(std::move(bytes), 1, 1).value()});
  const auto restored = restorer_->apply(journal::accepted_record(accepted(3)), 1'001);
  ASSERT_FALSE(restored);
  EXPECT_THAT(restored.error(), HasSubstr("sealed-0000000001-0000000001 is damaged at offset 0"));
  EXPECT_FALSE(index_->known(test_id(3)));
}

}  // namespace
}  // namespace payswitch::store::embedded
