#include "store/archive/merger.h"

#include <gmock/gmock.h>

#include "store/archive/archive_bytes_fixture.h"

namespace payswitch::store::archive {
namespace {

using testing::HasSubstr;

std::shared_ptr<const File> merged(const Files& parts) {
  const FileInfo info = merged_info(parts, 77);
  BytesWriter out;
  EXPECT_TRUE(merged_content(parts, info)(out));
  return open_bytes(std::move(out.bytes), info.first_segment, info.last_segment).value();
}

TEST(Merger, EveryPaymentOfThePartsIsInTheMergedFile) {
  const auto odd = many_settled(1, 100, 2);
  const auto even = many_settled(2, 100, 2);
  const auto file = merged({make_archive_file(odd), make_archive_file(even, 2)});
  EXPECT_EQ(file->info().payments, 200u);
  EXPECT_TRUE(file->check_whole());
  for (const auto& payments : {odd, even}) {
    for (const auto& payment : payments) {
      ASSERT_TRUE(file->may_hold(payment.id));
      ASSERT_TRUE(file->find(payment.id, Wait::no).value());
    }
  }
}

TEST(Merger, SumsOfOneMomentInSeveralPartsBecomeOne) {
  const auto file = merged({make_archive_file({settled(1, 10, 100), settled(2, 30, 1)}),
                            make_archive_file({settled(3, 10, 50), settled(4, 20, 7, dear)}, 2)});
  const auto sum = [&](payment::ProcessorNumber processor, std::int64_t from, std::int64_t to) {
    return *file->sum(processor, {at(from), at(to)}, Wait::no);
  };
  EXPECT_EQ(sum(cheap, 10, 10).count, 2u);
  EXPECT_TRUE(sum(cheap, 10, 10).cents == 150);
  EXPECT_TRUE(sum(cheap, 0, 100).cents == 151);
  EXPECT_EQ(sum(dear, 20, 20).count, 1u);
  EXPECT_EQ(sum(dear, 10, 10).count, 0u);
}

TEST(Merger, TakesThePlaceOfItsPartsInTheChain) {
  const auto first = make_archive_file(many_settled(1, 3));
  const auto second = make_archive_file(many_settled(10, 4), 2);
  const FileInfo info = merged({first, second})->info();
  EXPECT_EQ(info.first_segment, 1u);
  EXPECT_EQ(info.last_segment, 2u);
  EXPECT_EQ(info.previous, first->info().previous);
  EXPECT_EQ(info.seal, second->info().seal);
  EXPECT_EQ(info.chain.number, second->info().chain.number);
  EXPECT_EQ(info.records, second->info().records);
  EXPECT_EQ(info.filter_seed, 77u);
}

TEST(Merger, APaymentInTwoPartsStopsIt) {
  const Files parts{make_archive_file(many_settled(1, 3)), make_archive_file({settled(2)}, 2)};
  BytesWriter out;
  const auto result = merged_content(parts, merged_info(parts, 1))(out);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("is sealed twice"));
}

TEST(Merger, DamageInAPartStopsIt) {
  auto bytes = file_bytes(many_settled(1, 3), info_of(1, 3));
  bytes[100] ^= std::byte{1};
  const Files parts{open_bytes(std::move(bytes), 1, 1).value(), make_archive_file({settled(9)}, 2)};
  BytesWriter out;
  const auto result = merged_content(parts, merged_info(parts, 1))(out);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("damaged at offset 0"));
}

}  // namespace
}  // namespace payswitch::store::archive
