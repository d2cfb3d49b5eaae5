#include "store/journal/writer.h"

#include <gmock/gmock.h>

#include <functional>

#include "store/embedded/replay.h"
#include "store/embedded/store_process_fixture.h"

namespace payswitch::store::journal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// How the engine writes, seen from the disk. Batches of the first segment, as a reader finds them.
class WriterTest : public testing::Test {
 protected:
  WriterTest() { process_.options.segment_bytes = 32768; }

  void start() {
    const auto started = process_.start();
    ASSERT_TRUE(started) << started.error();
    ASSERT_TRUE(process_.world.run_until_idle());
  }

  void accept(std::uint32_t number) {
    store().accept(acceptance(number), [this, number](Verdict verdict) {
      if (verdict == Verdict::accepted) accepted_.push_back(number);
      if (verdict == Verdict::not_admitted) not_admitted_.push_back(number);
    });
  }

  void accept_with_intent(std::uint32_t number) {
    store().accept(acceptance(number, 1990, first_intent_), [](Verdict) {});
  }
  void settle(std::uint32_t number) {
    store().settle(test_id(number), settlement(first_intent_), [] {});
  }

  // Fills about one segment of the smallest size.
  void accept_many(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      accept(first + i);
      process_.world.run_for(1ms);
    }
  }

  std::vector<std::uint32_t> record_counts(std::uint64_t segment = 1) {
    const auto file = process_.disk.content(segment_name(segment));
    std::vector<std::uint32_t> counts;
    std::uint64_t offset = segment_header_bytes;
    while (const auto batch = batch_at(file, offset)) {
      counts.push_back(batch->header.record_count);
      offset = batch->end();
    }
    return counts;
  }

  Store& store() { return process_.store(); }
  const Counters& counters() { return store().counters(); }
  lab::World& world() { return process_.world; }

  embedded::StoreProcess process_;
  const Intent first_intent_ = intent(1, at(7));
  std::vector<std::uint32_t> accepted_;
  std::vector<std::uint32_t> not_admitted_;
};

TEST_F(WriterTest, TheCallsOfOneTurnAreOneBatchWithOneSync) {
  start();
  for (std::uint32_t number = 1; number <= 5; ++number) accept(number);
  world().run_until_idle();
  EXPECT_THAT(record_counts(), ElementsAre(2, 5));  // the names, and these
  EXPECT_EQ(process_.disk.counts().syncs, 1u);
  EXPECT_EQ(counters().batches, 1u);
  EXPECT_EQ(counters().records, 5u);
  EXPECT_EQ(counters().bytes_written, block_bytes);
  EXPECT_EQ(counters().sync.count(), 1u);
  EXPECT_EQ(counters().sync.sum(), 120us);
}

TEST_F(WriterTest, Protocol41OneBatchIsInFlightAndWhatComesMeanwhileIsTheNext) {
  start();
  accept(1);
  world().run_for(50us);
  EXPECT_EQ(process_.disk.counts().appends, 1u);
  accept(2);
  world().run_for(20us);
  accept(3);
  EXPECT_EQ(process_.disk.counts().appends, 1u);  // the disk asserts one at a time as well
  EXPECT_THAT(accepted_, ElementsAre());
  world().run_for(50us);
  EXPECT_THAT(accepted_, ElementsAre(1));
  EXPECT_EQ(process_.disk.counts().appends, 2u);
  world().run_until_idle();
  EXPECT_THAT(accepted_, ElementsAre(1, 2, 3));
  EXPECT_THAT(record_counts(), ElementsAre(2, 1, 2));
}

TEST_F(WriterTest, WhatACompletionAddsJoinsTheBatchThatWaited) {
  start();
  store().accept(acceptance(1), [this](Verdict) { accept(3); });
  world().run_for(50us);
  accept(2);
  world().run_until_idle();
  EXPECT_THAT(record_counts(), ElementsAre(2, 1, 2));
  EXPECT_THAT(accepted_, ElementsAre(2, 3));
}

TEST_F(WriterTest, ABatchIsNeverLongerThanItsMaximumAndCompletionsFollowTheirRecords) {
  process_.options.max_batch_bytes = block_bytes;  // nine records
  start();
  for (std::uint32_t number = 1; number <= 9; ++number) accept(number);
  world().run_until_idle();
  EXPECT_THAT(record_counts(), ElementsAre(2, 9));
  for (std::uint32_t number = 10; number <= 19; ++number) accept(number);
  // A replay in the middle keeps its place after what was asked before it.
  bool replayed = false;
  store().accept(acceptance(10), [&](Verdict) { replayed = true; });
  world().run_for(120us);
  EXPECT_THAT(accepted_, SizeIs(18));
  EXPECT_FALSE(replayed);
  world().run_until_idle();
  EXPECT_THAT(record_counts(), ElementsAre(2, 9, 9, 1));
  EXPECT_THAT(accepted_, SizeIs(19));
  EXPECT_TRUE(replayed);
}

TEST_F(WriterTest, ABatchIsNeverLongerThanASegment) {
  process_.options.segment_bytes = min_segment_bytes;
  process_.options.max_batch_bytes = 1 << 20;
  start();
  for (std::uint32_t number = 1; number <= 300; ++number) accept(number);
  world().run_until_idle();
  EXPECT_THAT(accepted_, SizeIs(300));
  EXPECT_THAT(record_counts(2), ElementsAre(84));
  EXPECT_THAT(record_counts(3), ElementsAre(84));
}

TEST_F(WriterTest, Protocol52AReplayWaitsForTheOriginalsSyncInFlightOrNot) {
  start();
  std::string order;
  const auto ask = [&](char name, std::uint32_t number, std::int64_t amount) {
    store().accept(acceptance(number, amount), [&order, name](Verdict) { order += name; });
  };
  ask('a', 1, 10);
  world().run_for(50us);
  ask('b', 1, 10);  // the original is in flight
  ask('c', 2, 10);
  ask('d', 2, 11);  // the original is gathered
  EXPECT_EQ(order, "");
  world().run_for(69us);
  EXPECT_EQ(order, "");
  world().run_for(1us);
  EXPECT_EQ(order, "ab");
  world().run_until_idle();
  EXPECT_EQ(order, "abcd");
  ask('e', 1, 10);  // durable: at once, but never inside the call
  EXPECT_EQ(order, "abcd");
  world().run_for(0us);
  EXPECT_EQ(order, "abcde");
}

TEST_F(WriterTest, APaymentIsShownOnlyWhenItsAcceptanceIsDurable) {
  start();
  accept(1);
  bool is_shown = false;
  store().find(test_id(1), [&](const auto& view) { is_shown = view->has_value(); });
  world().run_for(119us);
  EXPECT_FALSE(is_shown);
  world().run_for(1us);
  EXPECT_TRUE(is_shown);
}

TEST_F(WriterTest, ARefusalIsDurableBeforeTheNextIntentThoughNobodyWaitsForIt) {
  start();
  store().accept(acceptance(1, 10, intent(1, at(1))), [](Verdict) {});
  world().run_until_idle();
  bool durable = false;
  store().refuse(test_id(1), {.processor = cheap, .number = 1});
  store().intend(test_id(1), intent(2, at(2), dear), [&](bool) { durable = true; });
  EXPECT_FALSE(store().idle());
  EXPECT_TRUE(world().run_until([&] { return durable; }));
  process_.power_cut();
  start();
  const auto& open = process_.adopted;
  ASSERT_THAT(open, SizeIs(1));
  EXPECT_EQ(open[0].attempts_made, 2u);
  EXPECT_EQ(open[0].unanswered->processor, dear);
}

TEST_F(WriterTest, Protocol44AFailedAppendIsFinalAndCompletesNothingEverAfter) {
  start();
  process_.disk.fail_appends_after(1);
  accept(1);
  world().run_until_idle();
  accept(2);
  world().run_for(50us);
  accept(3);
  world().run_until_idle();
  accept(4);
  store().accept(acceptance(2), [&](Verdict) { FAIL(); });  // never durable: no replay either
  world().run_until_idle();
  EXPECT_THAT(accepted_, ElementsAre(1));
  EXPECT_THAT(process_.fatal_lines, ElementsAre(HasSubstr("cannot be written any more")));
  EXPECT_EQ(process_.disk.counts().appends, 2u);
  EXPECT_FALSE(store().idle());
}

TEST_F(WriterTest, BeforeTheFirstPaymentOneSegmentIsPrepared) {
  start();
  EXPECT_EQ(counters().segments, 1u);
  EXPECT_EQ(counters().prepared_segments, 1u);
  EXPECT_FALSE(process_.disk.exists(segment_name(3)));
}

TEST_F(WriterTest, ASegmentIsTwiceAsLongAsTheOneThatIsWrittenToWhenItIsMadeUpToTheLongest) {
  process_.options.segment_bytes = 4 << 20;
  start();
  const auto count = 5 * (4u << 20) / static_cast<std::uint32_t>(slot_bytes);
  for (std::uint32_t number = 1; number <= count; ++number) {
    store().accept(acceptance(number), [](Verdict) {});
    if (number % 10'000 == 0) world().run_for(20ms);
  }
  world().run_until_idle();
  std::vector<std::size_t> sizes;
  for (std::uint64_t number = 1; process_.disk.exists(segment_name(number)); ++number) {
    sizes.push_back(process_.disk.content(segment_name(number)).size() >> 20);
  }
  ASSERT_GE(sizes.size(), 7u);
  EXPECT_THAT(std::vector(sizes.begin(), sizes.begin() + 5), ElementsAre(1, 2, 2, 2, 2));
  EXPECT_EQ(sizes.back(), 4u);
  process_.power_cut();
  start();
  EXPECT_EQ(counters().by_state[0], count);
}

TEST_F(WriterTest, AThirdSegmentIsPreparedBesideTheReserve) {
  start();
  accept(1);
  world().run_until_idle();
  EXPECT_EQ(counters().segments, 1u);
  EXPECT_EQ(counters().prepared_segments, reserve_segments + 1);
  for (const auto number : {2u, 3u, 4u}) EXPECT_TRUE(process_.disk.exists(segment_name(number)));
  EXPECT_FALSE(process_.disk.exists(segment_name(5)));
}

TEST_F(WriterTest, SegmentsAreChangedWhenABatchDoesNotFitAndTheNextOneIsPrepared) {
  process_.options.segment_bytes = min_segment_bytes;
  start();
  accept_many(1, 8);  // the names and seven batches of a block each: eight blocks are full
  EXPECT_EQ(counters().segments, 2u);
  EXPECT_THAT(record_counts(1), SizeIs(8));
  EXPECT_THAT(record_counts(2), ElementsAre(1));
  world().run_until_idle();
  EXPECT_EQ(counters().prepared_segments, reserve_segments + 1);
  EXPECT_TRUE(process_.disk.exists(segment_name(5)));
  accept_many(100, 200);
  process_.power_cut();
  start();
  EXPECT_EQ(counters().by_state[0], 208u);
}

TEST_F(WriterTest, WithoutAPreparedSegmentItWaitsForOne) {
  process_.options.segment_bytes = min_segment_bytes;
  process_.options.max_batch_bytes = 1 << 20;
  ASSERT_TRUE(process_.start());
  for (std::uint32_t number = 1; number <= 600; ++number) accept(number);
  world().run_for(4ms);  // nothing can be prepared before 5 ms
  EXPECT_THAT(accepted_, SizeIs(0));
  EXPECT_THAT(not_admitted_, SizeIs(0));
  EXPECT_TRUE(world().run_until([&] { return accepted_.size() == 600; }));
}

TEST_F(WriterTest, Protocol44AFailedPrepareStopsNewPaymentsAndNothingElse) {
  process_.options.segment_bytes = min_segment_bytes;
  start();
  store().accept(acceptance(1000, 10, intent(1, at(1))), [](Verdict) {});
  world().run_until_idle();
  process_.disk.fail_prepares(true);
  accept_many(1, 8);
  EXPECT_THAT(accepted_, SizeIs(8));
  EXPECT_EQ(counters().segments, 2u);
  world().run_for(5ms);  // the third was to be replaced, and cannot be: the reserve is what is left
  EXPECT_EQ(counters().prepared_segments, reserve_segments);
  accept(100);
  bool settled = false;
  store().settle(test_id(1000), settlement(intent(1, at(1)), 10), [&] { settled = true; });
  bool replayed = false;
  store().accept(acceptance(1), [&](Verdict verdict) { replayed = verdict == Verdict::replayed; });
  world().run_for(process_.options.linger + 1ms);
  EXPECT_THAT(not_admitted_, ElementsAre(100));
  EXPECT_TRUE(settled);
  EXPECT_TRUE(replayed);
  EXPECT_TRUE(process_.fatal_lines.empty());
}

TEST_F(WriterTest, Protocol44APrepareIsTriedAgainEverySecondAndSaidOnce) {
  process_.options.segment_bytes = min_segment_bytes;
  process_.disk.fail_prepares(true);
  ASSERT_TRUE(process_.start());
  accept(1000);
  world().run_for(10s);
  EXPECT_EQ(process_.disk.counts().prepares, 10u);
  EXPECT_EQ(process_.log.count(platform::Level::warn, "new payments are refused"), 1u);
  accept(1);
  world().run_for(0s);
  EXPECT_THAT(not_admitted_, ElementsAre(1));
  process_.disk.fail_prepares(false);
  world().run_for(2s);
  EXPECT_EQ(counters().prepared_segments, reserve_segments + 1);
  EXPECT_EQ(process_.log.count(platform::Level::info, "new payments are accepted"), 1u);
  accept(1);
  world().run_until_idle();
  EXPECT_THAT(accepted_, ElementsAre(1000, 1));
}

TEST_F(WriterTest, Protocol44TheReserveCarriesOnWhatWasAccepted) {
  process_.options.segment_bytes = min_segment_bytes;
  start();
  for (std::uint32_t number = 1; number <= 14; ++number) {
    store().accept(acceptance(number, 10, intent(1, at(number))), [](Verdict) {});
  }
  world().run_until_idle();
  process_.disk.fail_prepares(true);
  accept_many(100, 8);
  world().run_for(5ms);
  ASSERT_EQ(counters().prepared_segments, reserve_segments + 1) << "of 4 KiB, for 22 payments";
  std::size_t settled = 0;
  for (std::uint32_t number = 1; number <= 14; ++number) {
    store().settle(test_id(number), settlement(intent(1, at(number)), 10), [&] { ++settled; });
    world().run_for(process_.options.linger + 1ms);  // each a batch of its own
  }
  EXPECT_EQ(settled, 14u);
  EXPECT_TRUE(process_.fatal_lines.empty());
}

TEST_F(WriterTest, Protocol44WhatAFullDiskTookFromTheReserveIsMadeUpForBeforeNewPaymentsAreTaken) {
  process_.options.segment_bytes = min_segment_bytes;
  start();
  store().accept(acceptance(1, 10, intent(1, at(1))), [](Verdict) {});
  world().run_until_idle();
  process_.disk.fail_prepares(true);
  for (std::uint32_t number = 2; counters().prepared_segments > 0; ++number) {
    ASSERT_LT(number, 100u);
    store().refuse(test_id(1), {.processor = cheap, .number = number - 1});
    store().intend(test_id(1), intent(number, at(number)), [](bool) {});
    world().run_for(2ms);
  }
  process_.disk.fail_prepares(false);
  for (std::size_t prepared = 1; prepared <= reserve_segments; ++prepared) {
    ASSERT_TRUE(world().run_until([&] { return counters().prepared_segments == prepared; }));
    not_admitted_.clear();
    accept(100);
    world().run_for(0s);
    EXPECT_THAT(not_admitted_, ElementsAre(100)) << "the reserve comes first";
  }
  world().run_until_idle();
  accepted_.clear();
  accept(100);
  world().run_until_idle();
  EXPECT_THAT(accepted_, ElementsAre(100));
}

TEST_F(WriterTest, Protocol46WithOsNothingIsSyncedOnThePathOfAPaymentSaveWholeSegments) {
  process_.options.segment_bytes = min_segment_bytes;
  process_.options.durability = platform::Durability::os;
  start();
  accept_many(1, 7);
  EXPECT_EQ(process_.disk.counts().syncs, 0u);
  accept_many(8, 1);
  EXPECT_EQ(counters().segments, 2u);
  EXPECT_EQ(process_.disk.counts().syncs, 1u);
  EXPECT_THAT(accepted_, SizeIs(8));
}

TEST_F(WriterTest, ASettlementRidesWithTheNextAcceptance) {
  start();
  accept_with_intent(1);
  world().run_until_idle();
  const auto batches = counters().batches;
  settle(1);
  accept(2);
  world().run_until_idle();
  EXPECT_EQ(counters().batches, batches + 1);
}

TEST_F(WriterTest, ASettlementThatFindsNoCompanyIsDurableAfterTheLinger) {
  start();
  accept_with_intent(1);
  world().run_until_idle();
  const auto batches = counters().batches;
  settle(1);
  world().run_for(process_.options.linger - 1us);
  EXPECT_EQ(counters().batches, batches);
  EXPECT_FALSE(store().idle());
  world().run_for(1ms);
  EXPECT_EQ(counters().batches, batches + 1);
  EXPECT_TRUE(store().idle());
}

TEST_F(WriterTest, Protocol46WithMemoryTheDiskIsNotUsed) {
  process_.options.durability = platform::Durability::memory;
  start();
  accept(1);
  world().run_until_idle();
  EXPECT_THAT(accepted_, ElementsAre(1));
  EXPECT_TRUE(process_.disk.list().value().empty());
  EXPECT_TRUE(store().idle());
}

TEST_F(WriterTest, AnEngineThatEndsWithABatchInFlightIsNotCalledAnyMore) {
  start();
  accept(1);
  world().run_for(50us);
  ASSERT_TRUE(process_.disk.busy());
  process_.end();
  world().run_until_idle();
  EXPECT_FALSE(process_.disk.busy());
  EXPECT_THAT(accepted_, ElementsAre());
  start();
  EXPECT_EQ(counters().by_state[0], 1u);
}

}  // namespace
}  // namespace payswitch::store::journal
