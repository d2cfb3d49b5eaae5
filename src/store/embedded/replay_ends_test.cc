#include <gmock/gmock.h>

#include "store/embedded/replay.h"
#include "store/embedded/replay_fixture.h"

namespace payswitch::store::embedded {
namespace {

using testing::HasSubstr;

// -- durability os ------------------------------------------------------------------------

TEST(Replay, Protocol46WithOsTheFirstGapIsTheEndAndWhatFollowsIsCounted) {
  JournalBytes journal({.is_of_os = true, .synced = journal::segment_header_bytes});
  journal.add_batch(2);
  const auto gap = journal.add_batch(3);
  journal.add_batch(4);
  journal.add_batch(5);
  journal.zero(0, gap, journal::block_bytes);
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 2u);
  EXPECT_EQ(outcome.end, gap);
  EXPECT_EQ(outcome.tear->offset, gap);
  EXPECT_EQ(outcome.dropped.batches, 2u);
  EXPECT_EQ(outcome.dropped.records, 9u);
}

TEST(Replay, Protocol46WithOsTheFirstBatchOfASegmentMayBeMissing) {
  JournalBytes journal({.is_of_os = true, .synced = journal::segment_header_bytes});
  journal.add_batch(2);
  journal.new_segment();
  const auto gap = journal.add_batch(1);
  journal.add_batch(1);
  journal.zero(1, gap, journal::block_bytes);
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 2u);
  EXPECT_EQ(outcome.dropped.batches, 1u);
  EXPECT_FALSE(outcome.unused.at(0).only_zeros);
}

TEST(Replay, Protocol46WhatASegmentOfOsHadSyncedMayHaveNoGap) {
  const auto synced = journal::segment_header_bytes + 2 * journal::block_bytes;
  JournalBytes journal({.is_of_os = true, .synced = synced});
  const auto first = journal.add_batch();
  journal.add_batch();
  const auto third = journal.add_batch();
  journal.add_batch();
  auto gap_before = journal;
  gap_before.zero(0, first, journal::block_bytes);
  EXPECT_THAT(replay(gap_before).error, HasSubstr("damaged at offset 4096"));
  auto gap_behind = journal;
  gap_behind.zero(0, third, journal::block_bytes);
  EXPECT_EQ(replay(gap_behind).error, "");
}

// It was synced before the next one was used.
TEST(Replay, Protocol46ASegmentOfOsThatWasLeftMayHaveNoGap) {
  JournalBytes journal({.is_of_os = true, .synced = journal::segment_header_bytes});
  const auto gap = journal.add_batch();
  journal.add_batch();
  journal.new_segment();
  journal.add_batch();
  journal.zero(0, gap, journal::block_bytes);
  EXPECT_THAT(replay(journal).error, HasSubstr("damaged at offset 4096"));
}

// -- segments that were not used ----------------------------------------------------------

TEST(Replay, ASegmentBehindOneWithNothingInItIsPassedWhenItBeginsWithNothing) {
  JournalBytes journal;
  journal.add_batch();
  for (int i = 0; i < 3; ++i) journal.new_segment();
  Counters counters;
  Index index(counters);
  Replay replay(index);
  ASSERT_TRUE(replay.read(journal.files[0], 1));
  EXPECT_FALSE(replay.is_after_what_was_used());
  ASSERT_TRUE(replay.read(journal.files[1], 2));
  ASSERT_TRUE(replay.is_after_what_was_used());
  const auto pass = [&](std::span<const std::byte> beginning, std::uint64_t number) {
    return replay.pass(beginning.first(Replay::beginning_bytes), size, number);
  };
  EXPECT_EQ(pass(journal.files[2], 3), true);
  EXPECT_EQ(pass(journal.files[3], 5), false) << "one is missing: read() says so";
  auto begun = journal.files[3];
  begun[journal::segment_header_bytes + 1] = std::byte{1};
  EXPECT_EQ(pass(begun, 4), false);
  auto damaged = journal.files[3];
  damaged[20] ^= std::byte{1};
  EXPECT_EQ(pass(damaged, 4), false) << "read() says what is wrong";
  EXPECT_EQ(pass(journal.files[3], 4), true);
  EXPECT_EQ(replay.unused().size(), 3u);
}

TEST(Replay, Protocol42BehindATornSegmentTheNextOneIsSearchedInWhole) {
  JournalBytes journal;
  journal.add_batch();
  const auto torn = journal.add_batch();
  journal.new_segment();
  journal.add_batch();
  journal.flip(0, torn + 50);
  journal.zero(1, journal::segment_header_bytes, journal::block_bytes);
  Counters counters;
  Index index(counters);
  Replay replay(index);
  ASSERT_TRUE(replay.read(journal.files[0], 1));
  EXPECT_FALSE(replay.is_after_what_was_used());
}

// -- a clean stop --------------------------------------------------------------------------

TEST(Replay, Protocol42DamageBeforeTheEndMarkOfACleanStopIsDamage) {
  JournalBytes journal;
  journal.add_batch();
  const auto last = journal.add_batch();
  journal.add_batch_of(journal::clean_stop_record(at(5)));
  EXPECT_TRUE(replay(journal).ends_with_a_clean_stop);
  EXPECT_EQ(replay(journal).payments, 2u);
  auto damaged = journal;
  damaged.flip(0, last + 60);
  EXPECT_THAT(replay(damaged).error, HasSubstr("damaged at offset " + std::to_string(last)));
  journal.add_batch();
  EXPECT_FALSE(replay(journal).ends_with_a_clean_stop);
}

// -- where a log can be cut ---------------------------------------------------------------

TEST(Replay, DamageCanBeCutBeforeTheBatchThatIsDamaged) {
  JournalBytes whole;
  whole.add_batch();
  const auto chain = whole.chain;
  const auto bad = whole.add_batch(2);
  whole.add_batch();
  whole.flip(0, bad + 60);
  const auto cut = replay(whole).cut.value();
  EXPECT_EQ(cut.segment, 1u);
  EXPECT_EQ(cut.offset, bad);
  EXPECT_EQ(cut.chain.number, chain.number);
  EXPECT_EQ(cut.chain.checksum, chain.checksum);
}

TEST(Replay, ARecordThatContradictsCanBeCutWithItsBatch) {
  JournalBytes journal;
  journal.add_batch(2);
  const auto chain = journal.chain;
  journal::BatchBuilder buffer;
  buffer.add(journal::accepted_record(acceptance(77)));
  buffer.add(journal::parked_record(test_id(78), at(1)));
  const auto bad = journal.add(buffer);
  const auto cut = replay(journal).cut.value();
  EXPECT_EQ(cut.offset, bad);
  EXPECT_EQ(cut.chain.checksum, chain.checksum);
}

TEST(Replay, ASegmentWithABadHeaderKeepsTheBatchesThatFollowTheLog) {
  JournalBytes journal;
  journal.add_batch();
  journal.new_segment();
  journal.add_batch();
  journal.flip(1, 20);
  const auto cut = replay(journal).cut.value();
  EXPECT_EQ(cut.segment, 2u);
  EXPECT_EQ(cut.offset, journal.offset);
  EXPECT_EQ(cut.chain.checksum, journal.chain.checksum);
}

TEST(Replay, AnotherFormatCannotBeCut) {
  JournalBytes journal;
  journal.add_batch();
  journal.files[0][8] = std::byte{9};
  EXPECT_FALSE(replay(journal).cut);
}

// Whatever a disk does to the bytes: an error or a prefix of what was written, and never a crash.

}  // namespace
}  // namespace payswitch::store::embedded
