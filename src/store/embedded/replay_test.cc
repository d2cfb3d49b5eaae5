#include "store/embedded/replay.h"

#include <gmock/gmock.h>

#include <random>

#include "store/embedded/replay_fixture.h"

namespace payswitch::store::embedded {
namespace {

using testing::HasSubstr;

TEST(Replay, ReadsEveryBatchOfEverySegment) {
  JournalBytes journal;
  journal.add_batch(3);
  journal.add_batch(1);
  journal.new_segment();
  journal.add_batch(2);
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 6u);
  EXPECT_EQ(outcome.chain.number, 3u);
  EXPECT_EQ(outcome.chain.checksum, journal.chain.checksum);
  EXPECT_EQ(outcome.last.number, 2u);
  EXPECT_EQ(outcome.end, journal.offset);
  EXPECT_TRUE(outcome.unused.empty());
  EXPECT_FALSE(outcome.tear);
}

TEST(Replay, ASegmentFilledToItsLastBlockIsWhole) {
  JournalBytes journal;
  journal.add_batch(journal::records_that_fit(size - journal::segment_header_bytes));
  journal.new_segment();
  journal.add_batch();
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 85u);
}

TEST(Replay, PreparedSegmentsBehindTheLogAreUnused) {
  JournalBytes journal;
  journal.new_segment();
  journal.new_segment();
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.last.number, 1u);
  EXPECT_EQ(outcome.end, journal::segment_header_bytes);
  ASSERT_EQ(outcome.unused.size(), 2u);
  EXPECT_EQ(outcome.unused[1].segment.number, 3u);
  EXPECT_TRUE(outcome.unused[1].only_zeros);
}

TEST(Replay, AGapInTheNumbersIsDamage) {
  JournalBytes journal;
  Counters counters;
  Index index(counters);
  Replay from_two(index);
  EXPECT_THAT(from_two.read(journal.files[0], 2).error(),
              HasSubstr("journal-0000000001 is missing, but journal-0000000002 is there"));
  Replay replay(index);
  ASSERT_TRUE(replay.read(journal.files[0], 1));
  EXPECT_THAT(replay.read(journal.files[0], 3).error(), HasSubstr("journal-0000000002 is missing"));
}

TEST(Replay, Protocol42ABadRecordAtTheEndIsATornTailWhereverItIsCut) {
  JournalBytes whole;
  whole.add_batch(2);
  const auto last = whole.add_batch(3);
  for (std::uint64_t cut = last; cut < whole.offset; ++cut) {
    auto journal = whole;
    journal.zero(0, cut, size - cut);
    if (journal.files == whole.files) continue;  // only zeros were cut off
    const auto outcome = replay(journal);
    ASSERT_EQ(outcome.error, "") << cut;
    EXPECT_EQ(outcome.payments, 2u) << cut;
    EXPECT_EQ(outcome.end, last);
    EXPECT_EQ(outcome.tear.has_value(), cut > last) << cut;
  }
}

TEST(Replay, Protocol42ABadRecordBeforeAnIntactLaterBatchIsDamageAndNamesThePlace) {
  JournalBytes whole;
  whole.add_batch(2);
  const auto middle = whole.add_batch(3);
  const auto last = whole.add_batch(1);
  for (std::uint64_t byte = middle; byte < last; ++byte) {
    auto journal = whole;
    journal.flip(0, byte);
    const auto outcome = replay(journal);
    ASSERT_THAT(outcome.error,
                HasSubstr("journal-0000000001 is damaged at offset " + std::to_string(middle)))
        << byte;
    EXPECT_THAT(outcome.error, HasSubstr("group 3 follows at offset " + std::to_string(last)));
  }
}

TEST(Replay, Protocol41ZerosBeforeAnIntactLaterBatchAreDamage) {
  JournalBytes journal;
  journal.add_batch(2);
  const auto middle = journal.add_batch(3);
  const auto last = journal.add_batch(1);
  journal.zero(0, middle, last - middle);
  EXPECT_THAT(replay(journal).error, HasSubstr("damaged at offset " + std::to_string(middle)));
}

TEST(Replay, Protocol42DamageIsSeenAcrossSegments) {
  JournalBytes whole;
  whole.add_batch();
  const auto bad = whole.add_batch();
  whole.new_segment();
  whole.add_batch();
  auto flipped = whole;
  flipped.flip(0, bad + 50);
  EXPECT_THAT(replay(flipped).error,
              HasSubstr("journal-0000000001 is damaged at offset " + std::to_string(bad)));
  auto zeroed = whole;
  zeroed.zero(0, bad, journal::block_bytes);
  EXPECT_THAT(replay(zeroed).error, HasSubstr("damaged"));
  // Garbage after the last batch of a segment is not ours, even though the chain goes on.
  auto garbage = whole;
  garbage.flip(0, size - 1);
  EXPECT_THAT(replay(garbage).error, HasSubstr("damaged"));
}

TEST(Replay, Protocol42DamageInTheFirstBatchOfASegmentNamesThatSegment) {
  JournalBytes journal;
  journal.add_batch();
  journal.new_segment();
  journal.add_batch();
  journal.add_batch();
  journal.flip(1, 4096);
  EXPECT_THAT(replay(journal).error, HasSubstr("journal-0000000002 is damaged at offset 4096"));
}

TEST(Replay, ASegmentWithoutBatchesBetweenTwoThatHaveSomeIsDamage) {
  JournalBytes journal;
  journal.add_batch();
  journal.new_segment();
  journal.new_segment();
  journal.add_batch();
  EXPECT_THAT(replay(journal).error, HasSubstr("damaged"));
}

TEST(Replay, ATornFirstBatchOfANewSegmentIsATornTailAndTheSegmentIsNotClean) {
  JournalBytes journal;
  journal.add_batch(2);
  journal.new_segment();
  journal.add_batch(1);
  journal.flip(1, 4096 + 60);
  journal.new_segment();
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 2u);
  EXPECT_EQ(outcome.last.number, 1u);
  ASSERT_EQ(outcome.unused.size(), 2u);
  EXPECT_FALSE(outcome.unused[0].only_zeros);
  EXPECT_TRUE(outcome.unused[1].only_zeros);
  EXPECT_EQ(outcome.tear->segment, 2u);
  EXPECT_EQ(outcome.tear->offset, 4096u);
}

TEST(Replay, Protocol42LeftoversWithAnEarlierOrEqualNumberAreIgnored) {
  JournalBytes earlier;
  earlier.add_batch();
  earlier.add_batch();
  const auto copied = std::span(earlier.files[0]).subspan(4096, 2 * journal::block_bytes);

  JournalBytes journal;
  journal.add_batch(5);
  const auto second = journal.add_batch(1);
  // After a torn third batch lie intact batches 1 and 2 of something older.
  journal.add_batch(2);
  journal.flip(0, second + journal::block_bytes + 3 * journal::slot_bytes - 1);
  std::memcpy(journal.files[0].data() + journal.offset, copied.data(), copied.size());
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 6u);
  EXPECT_EQ(outcome.chain.number, 2u);
  EXPECT_EQ(outcome.end, second + journal::block_bytes);
}

TEST(Replay, Protocol42AnIntactBatchThatDoesNotFollowFromTheChainIsNeverReplayed) {
  JournalBytes other;
  other.add_batch(4);
  const auto stranger = other.add_batch(1);  // batch 2 of another journal

  JournalBytes journal;
  journal.add_batch(1);
  std::memcpy(journal.files[0].data() + journal.offset, other.files[0].data() + stranger,
              journal::block_bytes);
  const auto outcome = replay(journal);
  EXPECT_THAT(outcome.error, HasSubstr("damaged"));
  EXPECT_EQ(outcome.payments, 1u);
}

TEST(Replay, AJournalThatDoesNotBeginWithBatchOneIsDamage) {
  JournalBytes journal;
  const auto first = journal.add_batch();
  journal.add_batch();
  journal.zero(0, first, journal::block_bytes);
  EXPECT_THAT(replay(journal).error, HasSubstr("damaged at offset 4096"));
}

TEST(Replay, RecordsThatContradictEachOtherStopTheStartAndNameThePlace) {
  JournalBytes journal;
  journal.add_batch(2);
  journal::BatchBuilder buffer;
  buffer.add(journal::accepted_record(acceptance(77)));
  buffer.add(journal::parked_record(test_id(78), at(1)));
  const auto place = journal.add(buffer) + 2 * journal::slot_bytes;
  const auto outcome = replay(journal);
  EXPECT_THAT(outcome.error,
              HasSubstr("journal-0000000001 is damaged at offset " + std::to_string(place)));
  EXPECT_THAT(outcome.error, HasSubstr("never accepted"));
  EXPECT_THAT(outcome.error, HasSubstr(test_id(78).to_string()));
}

TEST(Replay, AFaultyRecordWithARightChecksumStopsTheStart) {
  JournalBytes journal;
  journal.add_batch_of(journal::Record{});
  EXPECT_THAT(replay(journal).error, HasSubstr("unknown type"));
}

TEST(Replay, Protocol45RecordsSaidAgainChangeNothing) {
  JournalBytes journal;
  journal.add_batch_of(journal::accepted_record(acceptance(1)));
  journal.add_batch_of(journal::accepted_record(acceptance(1)));
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 1u);
}

TEST(Replay, AnotherFormatIsRefusedByName) {
  JournalBytes journal;
  journal.files[0][8] = std::byte{9};
  EXPECT_THAT(replay(journal).error, HasSubstr("journal-0000000001 has format version 9"));
}

TEST(Replay, SpoiledBytesGiveAnErrorOrAPrefix) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    JournalBytes journal;
    for (int batch = 0; batch < 12; ++batch) {
      if (batch == 6) journal.new_segment();
      journal.add_batch(1 + random() % 5);
    }
    const auto first = random() % 2;
    const auto from = random() % size;
    const auto length = std::min<std::size_t>(1 + random() % 600, size - from);
    for (std::size_t i = 0; i < length; ++i) {
      journal.files[first][from + i] = static_cast<std::byte>(random() % 3 == 0 ? 0 : random());
    }
    const auto outcome = replay(journal);
    EXPECT_LE(outcome.payments, journal.payments);
    if (outcome.error.empty()) {
      EXPECT_LE(outcome.chain.number, 12u);
    }
  }
}

}  // namespace
}  // namespace payswitch::store::embedded
