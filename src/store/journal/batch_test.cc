#include "store/journal/batch.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "store/journal/record.h"
#include "store/samples_fixture.h"

namespace payswitch::store::journal {
namespace {

std::vector<std::byte> copy(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> batch_of(Chain& chain, std::uint32_t records) {
  BatchBuilder buffer;
  for (std::uint32_t i = 1; i <= records; ++i) buffer.add(accepted_record(acceptance(i)));
  return copy(buffer.finish(chain, at(3)));
}

TEST(Batch, WhatIsWrittenIsReadBack) {
  Chain chain{.number = 41, .checksum = 99};
  const auto bytes = batch_of(chain, 3);
  EXPECT_EQ(bytes.size(), block_bytes);
  const auto batch = batch_at(bytes, 0);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->header.record_count, 3u);
  EXPECT_EQ(batch->header.written_at, at(3).value);
  EXPECT_EQ(batch->end(), bytes.size());
  EXPECT_EQ(id_of(batch->record(0)), test_id(1));
  EXPECT_EQ(id_of(batch->record(2)), test_id(3));
}

TEST(Batch, Protocol41CarriesItsNumberAndTheChecksumOfTheBatchBefore) {
  Chain chain{.number = 41, .checksum = 99};
  const auto first = batch_of(chain, 1);
  const auto second = batch_of(chain, 1);
  EXPECT_EQ(batch_at(first, 0)->header.number, 42u);
  EXPECT_EQ(batch_at(first, 0)->header.previous, 99u);
  EXPECT_EQ(batch_at(second, 0)->header.number, 43u);
  EXPECT_EQ(batch_at(second, 0)->header.previous, batch_at(first, 0)->header.checksum);
  EXPECT_EQ(chain.number, 43u);
  EXPECT_EQ(chain.checksum, batch_at(second, 0)->header.checksum);
}

TEST(Batch, Protocol41ItsChecksumCoversEveryBit) {
  Chain chain;
  const auto bytes = batch_of(chain, 2);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(batch_at(flipped, 0)) << "bit " << bit;
  }
}

TEST(Batch, Protocol41ZerosAreNoBatch) {
  const std::vector<std::byte> zeros(10 * slot_bytes);
  for (std::size_t offset = 0; offset <= zeros.size() + 1; ++offset) {
    EXPECT_FALSE(batch_at(zeros, offset));
  }
}

TEST(Batch, ACutBatchIsNoneAndNothingIsReadBehindTheEnd) {
  Chain chain;
  const auto bytes = batch_of(chain, 2);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = copy(std::span(bytes).first(size));
    EXPECT_FALSE(batch_at(cut, 0)) << size;
    EXPECT_FALSE(batch_at(cut, size + 1));
  }
  EXPECT_FALSE(batch_at(bytes, ~std::uint64_t{0}));
}

TEST(Batch, AHugeRecordCountIsNoBatch) {
  Chain chain;
  auto bytes = batch_of(chain, 2);
  for (std::size_t i = 4; i < 8; ++i) bytes[i] = std::byte{0xff};
  EXPECT_FALSE(batch_at(bytes, 0));
}

TEST(Batch, TakesWholeBlocksAndTheRestIsZero) {
  Chain chain;
  for (const std::uint32_t records : {1u, 9u, 10u, 100u}) {
    const auto bytes = batch_of(chain, records);
    EXPECT_EQ(bytes.size(), batch_bytes(records));
    EXPECT_EQ(bytes.size() % block_bytes, 0u);
    EXPECT_LT(bytes.size() - (records + 1) * slot_bytes, block_bytes);
    EXPECT_EQ(
        std::ranges::count(std::span(bytes).subspan((records + 1) * slot_bytes), std::byte{0}),
        static_cast<std::ptrdiff_t>(bytes.size() - (records + 1) * slot_bytes));
    EXPECT_EQ(batch_at(bytes, 0)->end(), bytes.size());
  }
  EXPECT_EQ(batch_bytes(records_that_fit(block_bytes)), block_bytes);
  EXPECT_EQ(batch_bytes(records_that_fit(block_bytes) + 1), 2 * block_bytes);
}

TEST(Batch, ASplitBufferKeepsTheFirstRecordsAndHandsOnTheRest) {
  BatchBuilder buffer;
  BatchBuilder rest;
  for (std::uint32_t i = 1; i <= 5; ++i) buffer.add(accepted_record(acceptance(i)));
  buffer.split(2, rest);
  EXPECT_EQ(buffer.record_count(), 2u);
  EXPECT_EQ(rest.record_count(), 3u);
  Chain chain;
  EXPECT_EQ(id_of(batch_at(copy(buffer.finish(chain, at(0))), 0)->record(1)), test_id(2));
  EXPECT_EQ(id_of(batch_at(copy(rest.finish(chain, at(0))), 0)->record(0)), test_id(3));
}

TEST(Batch, AClearedBufferStartsAnew) {
  BatchBuilder buffer;
  EXPECT_TRUE(buffer.empty());
  buffer.add(accepted_record(acceptance(1)));
  EXPECT_FALSE(buffer.empty());
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  buffer.add(accepted_record(acceptance(2)));
  Chain chain;
  const auto bytes = copy(buffer.finish(chain, at(0)));
  EXPECT_EQ(id_of(batch_at(bytes, 0)->record(0)), test_id(2));
}

}  // namespace
}  // namespace payswitch::store::journal
