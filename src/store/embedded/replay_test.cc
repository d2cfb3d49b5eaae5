#include "store/embedded/replay.h"

#include <gmock/gmock.h>

#include <cstring>
#include <random>

#include "store/embedded/record.h"
#include "store/samples_test.h"

namespace payswitch::store::embedded {
namespace {

using testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::size_t size = 8192;

// A journal as byte strings, built with the writer's side.
class JournalBytes {
 public:
  explicit JournalBytes(Segment like = {}) : like_(like) { new_segment(); }

  void new_segment() {
    like_.number = files.size() + 1;
    like_.size = size;
    const auto header = make_segment_header(like_);
    Bytes file(size);
    std::memcpy(file.data(), &header, sizeof(header));
    files.push_back(std::move(file));
    offset = segment_header_bytes;
  }

  // Acceptances; the offset of the group.
  std::uint64_t add_group(std::uint32_t records = 1) {
    GroupBuffer buffer;
    for (std::uint32_t i = 0; i < records; ++i) buffer.add(accepted_record(acceptance(++payments)));
    return add(buffer);
  }

  std::uint64_t add_group_of(const Record& record) {
    GroupBuffer buffer;
    buffer.add(record);
    return add(buffer);
  }

  std::uint64_t add(GroupBuffer& buffer) {
    const auto bytes = buffer.seal(chain, at(0));
    std::memcpy(files.back().data() + offset, bytes.data(), bytes.size());
    const auto begin = offset;
    offset += bytes.size();
    return begin;
  }

  void zero(std::size_t file, std::uint64_t from, std::uint64_t length) {
    std::memset(files[file].data() + from, 0, length);
  }

  void flip(std::size_t file, std::uint64_t at) { files[file][at] ^= std::byte{0x10}; }

  std::vector<Bytes> files;
  Chain chain;
  std::uint64_t offset = 0;
  std::uint32_t payments = 0;

 private:
  Segment like_;
};

struct Outcome {
  std::string error;  // empty: none
  std::uint64_t payments = 0;
  Chain chain;
  Segment last;
  std::uint64_t end = 0;
  std::vector<Replay::Unused> unused;
  std::optional<Replay::Place> tear;
  Replay::Dropped dropped;
  std::optional<Cut> cut;
  bool ends_with_a_clean_stop = false;
};

Outcome replay(const JournalBytes& journal) {
  Counters counters;
  Index index(counters);
  Replay replay(index);
  Outcome outcome;
  for (std::size_t i = 0; i < journal.files.size() && outcome.error.empty(); ++i) {
    if (auto read = replay.read(journal.files[i], i + 1); !read) outcome.error = read.error();
  }
  outcome.payments = counters.open();
  outcome.chain = replay.chain();
  outcome.last = replay.last();
  outcome.end = replay.end();
  outcome.unused = replay.unused();
  outcome.tear = replay.tear();
  outcome.dropped = replay.dropped();
  outcome.cut = replay.cut();
  outcome.ends_with_a_clean_stop = replay.ends_with_a_clean_stop();
  return outcome;
}

TEST(Replay, ReadsEveryGroupOfEverySegment) {
  JournalBytes journal;
  journal.add_group(3);
  journal.add_group(1);
  journal.new_segment();
  journal.add_group(2);
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
  journal.add_group(records_that_fit(size - segment_header_bytes));
  journal.new_segment();
  journal.add_group();
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
  EXPECT_EQ(outcome.end, segment_header_bytes);
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
  whole.add_group(2);
  const auto last = whole.add_group(3);
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

TEST(Replay, Protocol42ABadRecordBeforeAnIntactLaterGroupIsDamageAndNamesThePlace) {
  JournalBytes whole;
  whole.add_group(2);
  const auto middle = whole.add_group(3);
  const auto last = whole.add_group(1);
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

TEST(Replay, Protocol41ZerosBeforeAnIntactLaterGroupAreDamage) {
  JournalBytes journal;
  journal.add_group(2);
  const auto middle = journal.add_group(3);
  const auto last = journal.add_group(1);
  journal.zero(0, middle, last - middle);
  EXPECT_THAT(replay(journal).error, HasSubstr("damaged at offset " + std::to_string(middle)));
}

TEST(Replay, Protocol42DamageIsSeenAcrossSegments) {
  JournalBytes whole;
  whole.add_group();
  const auto bad = whole.add_group();
  whole.new_segment();
  whole.add_group();
  auto flipped = whole;
  flipped.flip(0, bad + 50);
  EXPECT_THAT(replay(flipped).error,
              HasSubstr("journal-0000000001 is damaged at offset " + std::to_string(bad)));
  auto zeroed = whole;
  zeroed.zero(0, bad, block_bytes);
  EXPECT_THAT(replay(zeroed).error, HasSubstr("damaged"));
  // Garbage behind the last group of a segment is not ours, even though the chain goes on.
  auto garbage = whole;
  garbage.flip(0, size - 1);
  EXPECT_THAT(replay(garbage).error, HasSubstr("damaged"));
}

TEST(Replay, Protocol42DamageInTheFirstGroupOfASegmentNamesThatSegment) {
  JournalBytes journal;
  journal.add_group();
  journal.new_segment();
  journal.add_group();
  journal.add_group();
  journal.flip(1, 4096);
  EXPECT_THAT(replay(journal).error, HasSubstr("journal-0000000002 is damaged at offset 4096"));
}

TEST(Replay, ASegmentWithoutGroupsBetweenTwoThatHaveSomeIsDamage) {
  JournalBytes journal;
  journal.add_group();
  journal.new_segment();
  journal.new_segment();
  journal.add_group();
  EXPECT_THAT(replay(journal).error, HasSubstr("damaged"));
}

TEST(Replay, ATornFirstGroupOfANewSegmentIsATornTailAndTheSegmentIsNotClean) {
  JournalBytes journal;
  journal.add_group(2);
  journal.new_segment();
  journal.add_group(1);
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
  earlier.add_group();
  earlier.add_group();
  const auto copied = std::span(earlier.files[0]).subspan(4096, 2 * block_bytes);

  JournalBytes journal;
  journal.add_group(5);
  const auto second = journal.add_group(1);
  // Behind a torn third group lie intact groups 1 and 2 of something older.
  journal.add_group(2);
  journal.flip(0, second + block_bytes + 3 * slot_bytes - 1);
  std::memcpy(journal.files[0].data() + journal.offset, copied.data(), copied.size());
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 6u);
  EXPECT_EQ(outcome.chain.number, 2u);
  EXPECT_EQ(outcome.end, second + block_bytes);
}

TEST(Replay, Protocol42AnIntactGroupThatDoesNotFollowFromTheChainIsNeverReplayed) {
  JournalBytes other;
  other.add_group(4);
  const auto stranger = other.add_group(1);  // group 2 of another journal

  JournalBytes journal;
  journal.add_group(1);
  std::memcpy(journal.files[0].data() + journal.offset, other.files[0].data() + stranger,
              block_bytes);
  const auto outcome = replay(journal);
  EXPECT_THAT(outcome.error, HasSubstr("damaged"));
  EXPECT_EQ(outcome.payments, 1u);
}

TEST(Replay, AJournalThatDoesNotBeginWithGroupOneIsDamage) {
  JournalBytes journal;
  const auto first = journal.add_group();
  journal.add_group();
  journal.zero(0, first, block_bytes);
  EXPECT_THAT(replay(journal).error, HasSubstr("damaged at offset 4096"));
}

TEST(Replay, RecordsThatContradictEachOtherStopTheStartAndNameThePlace) {
  JournalBytes journal;
  journal.add_group(2);
  GroupBuffer buffer;
  buffer.add(accepted_record(acceptance(77)));
  buffer.add(parked_record(test_id(78), at(1)));
  const auto place = journal.add(buffer) + 2 * slot_bytes;
  const auto outcome = replay(journal);
  EXPECT_THAT(outcome.error,
              HasSubstr("journal-0000000001 is damaged at offset " + std::to_string(place)));
  EXPECT_THAT(outcome.error, HasSubstr("never accepted"));
  EXPECT_THAT(outcome.error, HasSubstr(test_id(78).to_string()));
}

TEST(Replay, AFaultyRecordWithARightChecksumStopsTheStart) {
  JournalBytes journal;
  journal.add_group_of(Record{});
  EXPECT_THAT(replay(journal).error, HasSubstr("unknown type"));
}

TEST(Replay, Protocol45RecordsSaidAgainChangeNothing) {
  JournalBytes journal;
  journal.add_group_of(accepted_record(acceptance(1)));
  journal.add_group_of(accepted_record(acceptance(1)));
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 1u);
}

TEST(Replay, AnotherFormatIsRefusedByName) {
  JournalBytes journal;
  journal.files[0][8] = std::byte{9};
  EXPECT_THAT(replay(journal).error, HasSubstr("journal-0000000001 has format version 9"));
}

// -- durability os ------------------------------------------------------------------------

TEST(Replay, Protocol46WithOsTheFirstGapIsTheEndAndWhatFollowsIsCounted) {
  JournalBytes journal({.is_of_os = true, .synced = segment_header_bytes});
  journal.add_group(2);
  const auto gap = journal.add_group(3);
  journal.add_group(4);
  journal.add_group(5);
  journal.zero(0, gap, block_bytes);
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 2u);
  EXPECT_EQ(outcome.end, gap);
  EXPECT_EQ(outcome.tear->offset, gap);
  EXPECT_EQ(outcome.dropped.groups, 2u);
  EXPECT_EQ(outcome.dropped.records, 9u);
}

TEST(Replay, Protocol46WithOsTheFirstGroupOfASegmentMayBeMissing) {
  JournalBytes journal({.is_of_os = true, .synced = segment_header_bytes});
  journal.add_group(2);
  journal.new_segment();
  const auto gap = journal.add_group(1);
  journal.add_group(1);
  journal.zero(1, gap, block_bytes);
  const auto outcome = replay(journal);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payments, 2u);
  EXPECT_EQ(outcome.dropped.groups, 1u);
  EXPECT_FALSE(outcome.unused.at(0).only_zeros);
}

TEST(Replay, Protocol46WhatASegmentOfOsHadSyncedMayHaveNoGap) {
  const auto synced = segment_header_bytes + 2 * block_bytes;
  JournalBytes journal({.is_of_os = true, .synced = synced});
  const auto first = journal.add_group();
  journal.add_group();
  const auto third = journal.add_group();
  journal.add_group();
  auto gap_before = journal;
  gap_before.zero(0, first, block_bytes);
  EXPECT_THAT(replay(gap_before).error, HasSubstr("damaged at offset 4096"));
  auto gap_behind = journal;
  gap_behind.zero(0, third, block_bytes);
  EXPECT_EQ(replay(gap_behind).error, "");
}

// It was synced before the next one was used.
TEST(Replay, Protocol46ASegmentOfOsThatWasLeftMayHaveNoGap) {
  JournalBytes journal({.is_of_os = true, .synced = segment_header_bytes});
  const auto gap = journal.add_group();
  journal.add_group();
  journal.new_segment();
  journal.add_group();
  journal.zero(0, gap, block_bytes);
  EXPECT_THAT(replay(journal).error, HasSubstr("damaged at offset 4096"));
}

// -- segments that were not used ----------------------------------------------------------

TEST(Replay, ASegmentBehindOneWithNothingInItIsPassedWhenItBeginsWithNothing) {
  JournalBytes journal;
  journal.add_group();
  for (int i = 0; i < 3; ++i) journal.new_segment();
  Counters counters;
  Index index(counters);
  Replay replay(index);
  ASSERT_TRUE(replay.read(journal.files[0], 1));
  EXPECT_FALSE(replay.is_behind_what_was_used());
  ASSERT_TRUE(replay.read(journal.files[1], 2));
  ASSERT_TRUE(replay.is_behind_what_was_used());
  const auto pass = [&](std::span<const std::byte> beginning, std::uint64_t number) {
    return replay.pass(beginning.first(Replay::beginning_bytes), size, number);
  };
  EXPECT_EQ(pass(journal.files[2], 3), true);
  EXPECT_EQ(pass(journal.files[3], 5), false) << "one is missing: read() says so";
  auto begun = journal.files[3];
  begun[segment_header_bytes + 1] = std::byte{1};
  EXPECT_EQ(pass(begun, 4), false);
  auto damaged = journal.files[3];
  damaged[20] ^= std::byte{1};
  EXPECT_EQ(pass(damaged, 4), false) << "read() says what is wrong";
  EXPECT_EQ(pass(journal.files[3], 4), true);
  EXPECT_EQ(replay.unused().size(), 3u);
}

TEST(Replay, Protocol42BehindATornSegmentTheNextOneIsSearchedInWhole) {
  JournalBytes journal;
  journal.add_group();
  const auto torn = journal.add_group();
  journal.new_segment();
  journal.add_group();
  journal.flip(0, torn + 50);
  journal.zero(1, segment_header_bytes, block_bytes);
  Counters counters;
  Index index(counters);
  Replay replay(index);
  ASSERT_TRUE(replay.read(journal.files[0], 1));
  EXPECT_FALSE(replay.is_behind_what_was_used());
}

// -- a clean stop --------------------------------------------------------------------------

TEST(Replay, Protocol42DamageBeforeTheEndMarkOfACleanStopIsDamage) {
  JournalBytes journal;
  journal.add_group();
  const auto last = journal.add_group();
  journal.add_group_of(clean_stop_record(at(5)));
  EXPECT_TRUE(replay(journal).ends_with_a_clean_stop);
  EXPECT_EQ(replay(journal).payments, 2u);
  auto damaged = journal;
  damaged.flip(0, last + 60);
  EXPECT_THAT(replay(damaged).error, HasSubstr("damaged at offset " + std::to_string(last)));
  journal.add_group();
  EXPECT_FALSE(replay(journal).ends_with_a_clean_stop);
}

// -- where a log can be cut ---------------------------------------------------------------

TEST(Replay, DamageCanBeCutBeforeTheGroupThatIsDamaged) {
  JournalBytes whole;
  whole.add_group();
  const auto chain = whole.chain;
  const auto bad = whole.add_group(2);
  whole.add_group();
  whole.flip(0, bad + 60);
  const auto cut = replay(whole).cut.value();
  EXPECT_EQ(cut.segment, 1u);
  EXPECT_EQ(cut.offset, bad);
  EXPECT_EQ(cut.chain.number, chain.number);
  EXPECT_EQ(cut.chain.checksum, chain.checksum);
}

TEST(Replay, ARecordThatContradictsCanBeCutWithItsGroup) {
  JournalBytes journal;
  journal.add_group(2);
  const auto chain = journal.chain;
  GroupBuffer buffer;
  buffer.add(accepted_record(acceptance(77)));
  buffer.add(parked_record(test_id(78), at(1)));
  const auto bad = journal.add(buffer);
  const auto cut = replay(journal).cut.value();
  EXPECT_EQ(cut.offset, bad);
  EXPECT_EQ(cut.chain.checksum, chain.checksum);
}

TEST(Replay, ASegmentWithABadHeaderKeepsTheGroupsThatFollowTheLog) {
  JournalBytes journal;
  journal.add_group();
  journal.new_segment();
  journal.add_group();
  journal.flip(1, 20);
  const auto cut = replay(journal).cut.value();
  EXPECT_EQ(cut.segment, 2u);
  EXPECT_EQ(cut.offset, journal.offset);
  EXPECT_EQ(cut.chain.checksum, journal.chain.checksum);
}

TEST(Replay, AnotherFormatCannotBeCut) {
  JournalBytes journal;
  journal.add_group();
  journal.files[0][8] = std::byte{9};
  EXPECT_FALSE(replay(journal).cut);
}

// Whatever a disk does to the bytes: an error or a prefix of what was written, and never a crash.
TEST(Replay, SpoiledBytesGiveAnErrorOrAPrefix) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    JournalBytes journal;
    for (int group = 0; group < 12; ++group) {
      if (group == 6) journal.new_segment();
      journal.add_group(1 + random() % 5);
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
