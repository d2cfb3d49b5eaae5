#include "store/journal/reader.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "store/journal/journal_bytes_fixture.h"

namespace payswitch::store::journal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t first = segment_header_bytes;  // where the first batch of a segment begins
constexpr std::uint64_t second = first + block_bytes;
constexpr std::uint64_t third = second + block_bytes;

// "batch 3", "gap 1@4608 to 4": what follows in the segment that is open. After a gap it goes on as
// the caller wishes.
std::vector<std::string> rest(Reader& reader, bool resumes = false) {
  std::vector<std::string> found;
  while (const auto next = reader.next()) {
    if (const auto* gap = std::get_if<Reader::Gap>(&*next)) {
      found.push_back("gap " + std::to_string(gap->begin.segment) + "@" +
                      std::to_string(gap->begin.offset) + " to " +
                      std::to_string(gap->batch.header.number));
      if (resumes) reader.resume_after(*gap);
    } else {
      const auto& batch = std::get<Reader::Next>(*next);
      found.push_back("batch " + std::to_string(batch.batch.header.number));
    }
  }
  return found;
}

std::vector<std::string> read(Reader& reader, const JournalBytes& journal, std::uint64_t number,
                              bool resumes = false) {
  reader.open(journal.files[number - 1], number);
  return rest(reader, resumes);
}

TEST(Reader, GivesTheBatchesOfEverySegmentInTheirOrder) {
  JournalBytes journal;
  journal.add_batch(3);
  journal.add_batch();
  journal.new_segment();
  journal.add_batch();
  Reader reader(1, {});
  EXPECT_THAT(read(reader, journal, 1), ElementsAre("batch 1", "batch 2"));
  EXPECT_TRUE(reader.is_clean());
  EXPECT_TRUE(reader.holds_batches());
  EXPECT_THAT(read(reader, journal, 2), ElementsAre("batch 3"));
  EXPECT_EQ(reader.chain().number, 3u);
  EXPECT_EQ(reader.chain().checksum, journal.chain.checksum);
  EXPECT_EQ(reader.end(), (Place{2, second}));
  EXPECT_EQ(reader.next_segment(), 3u);
  EXPECT_FALSE(reader.tear());
}

TEST(Reader, ABatchSaysWhereItIsAndWhereTheLogEndedBeforeIt) {
  JournalBytes journal;
  journal.add_batch();
  const Chain before = journal.chain;
  journal.add_batch(2);
  Reader reader(1, {});
  reader.open(journal.files[0], 1);
  ASSERT_TRUE(reader.next());
  const auto found = std::get<Reader::Next>(reader.next().value());
  EXPECT_EQ(found.place, (Place{1, second}));
  EXPECT_EQ(found.before.number, 1u);
  EXPECT_EQ(found.before.checksum, before.checksum);
  EXPECT_EQ(found.batch.header.record_count, 2u);
}

TEST(Reader, NothingWasOpenedYetAndTheLogEndsInTheSegmentBefore) {
  const Reader reader(7, {.number = 40, .checksum = 9});
  EXPECT_EQ(reader.end(), (Place{6, 0}));
  EXPECT_EQ(reader.next_segment(), 7u);
  EXPECT_EQ(reader.chain().number, 40u);
}

TEST(Reader, TheFirstSegmentBelongsToTheLogAlsoWhenItIsEmpty) {
  JournalBytes journal;
  journal.new_segment();
  journal.add_batch();
  Reader reader(1, {});
  EXPECT_THAT(read(reader, journal, 1), IsEmpty());
  EXPECT_EQ(reader.end(), (Place{1, first}));
  EXPECT_FALSE(reader.has_ended());
  EXPECT_THAT(read(reader, journal, 2), ElementsAre("batch 1"));
}

TEST(Reader, ATornBatchAtTheEndIsATearAndNoGap) {
  JournalBytes journal;
  journal.add_batch();
  journal.add_batch();
  journal.flip(0, second + 60);
  Reader reader(1, {});
  EXPECT_THAT(read(reader, journal, 1), ElementsAre("batch 1"));
  EXPECT_EQ(reader.tear(), (Place{1, second}));
  EXPECT_FALSE(reader.is_clean());
  EXPECT_EQ(reader.end(), (Place{1, second}));
}

TEST(Reader, ALaterBatchAfterADamagedOneIsAGapThatBeginsWhereTheLogEnded) {
  JournalBytes journal;
  for (int i = 0; i < 4; ++i) journal.add_batch();
  journal.flip(0, second + 60);
  Reader reader(1, {});
  EXPECT_THAT(read(reader, journal, 1),
              ElementsAre("batch 1", "gap 1@4608 to 3", "gap 1@4608 to 4"));
  EXPECT_EQ(reader.chain().number, 1u);
}

TEST(Reader, AfterAGapItCanGoOnWithTheBatchThatFollows) {
  JournalBytes journal;
  for (int i = 0; i < 5; ++i) journal.add_batch();
  journal.zero(0, second, block_bytes);
  Reader reader(1, {});
  EXPECT_THAT(read(reader, journal, 1, true),
              ElementsAre("batch 1", "gap 1@4608 to 3", "batch 4", "batch 5"));
  EXPECT_EQ(reader.chain().checksum, journal.chain.checksum);
  EXPECT_FALSE(reader.tear());
  EXPECT_FALSE(reader.has_ended());
}

TEST(Reader, ATearInOneSegmentIsWhereTheGapBeginsWhenALaterOneHoldsABatch) {
  JournalBytes journal;
  journal.add_batch();
  journal.add_batch();
  journal.new_segment();
  journal.add_batch();
  journal.flip(0, second + 60);
  Reader reader(1, {});
  EXPECT_THAT(read(reader, journal, 1), ElementsAre("batch 1"));
  EXPECT_TRUE(reader.has_ended());
  EXPECT_THAT(read(reader, journal, 2), ElementsAre("gap 1@4608 to 3"));
}

TEST(Reader, GarbageAfterTheLastBatchOfASegmentEndsTheLogThoughTheChainGoesOn) {
  JournalBytes journal;
  journal.add_batch();
  journal.new_segment();
  journal.add_batch();
  journal.flip(0, JournalBytes::segment_bytes - 1);
  Reader reader(1, {});
  read(reader, journal, 1);
  EXPECT_THAT(read(reader, journal, 2), ElementsAre("gap 1@4608 to 2"));
}

TEST(Reader, ASegmentWithNoBatchEndsTheLogForThoseAfterIt) {
  JournalBytes journal;
  journal.add_batch();
  journal.new_segment();
  journal.new_segment();
  journal.add_batch();
  Reader reader(1, {});
  read(reader, journal, 1);
  EXPECT_THAT(read(reader, journal, 2), IsEmpty());
  EXPECT_TRUE(reader.has_ended());
  EXPECT_THAT(read(reader, journal, 3), ElementsAre("gap 1@4608 to 2"));
}

TEST(Reader, ASegmentThatIsPassedOverEndsTheLogToo) {
  JournalBytes journal;
  journal.new_segment();
  journal.new_segment();
  journal.add_batch();
  Reader reader(1, {});
  read(reader, journal, 1);
  reader.pass_over(2);
  EXPECT_EQ(reader.next_segment(), 3u);
  EXPECT_THAT(read(reader, journal, 3), ElementsAre("gap 1@4096 to 1"));
}

TEST(Reader, LeftoversWithANumberThatTheLogHasHadArePassedOver) {
  JournalBytes older;
  older.add_batch();
  older.add_batch();
  JournalBytes journal;
  journal.add_batch(2);
  journal.add_batch(2);
  std::ranges::copy(std::span(older.files[0]).subspan(first, 2 * block_bytes),
                    journal.files[0].begin() + third);
  Reader reader(1, {});
  EXPECT_THAT(read(reader, journal, 1), ElementsAre("batch 1", "batch 2"));
  EXPECT_EQ(reader.tear(), (Place{1, third}));
}

TEST(Reader, TheNextNumberWithAnotherChecksumBeforeItIsAGap) {
  JournalBytes other;
  other.add_batch(4);
  const auto stranger = other.add_batch();
  JournalBytes journal;
  journal.add_batch();
  std::ranges::copy(std::span(other.files[0]).subspan(stranger, block_bytes),
                    journal.files[0].begin() + second);
  Reader reader(1, {});
  EXPECT_THAT(read(reader, journal, 1), ElementsAre("batch 1", "gap 1@4608 to 2"));
}

TEST(Reader, AFileThatIsShorterThanAHeaderHoldsNothing) {
  Reader reader(1, {});
  for (const std::size_t length : {0u, 1u, 48u, 4095u}) {
    const JournalBytes::Bytes file(length, std::byte{1});
    reader.open(file, 1);
    EXPECT_THAT(rest(reader), IsEmpty()) << length;
    EXPECT_TRUE(reader.is_clean());
  }
}

}  // namespace
}  // namespace payswitch::store::journal
