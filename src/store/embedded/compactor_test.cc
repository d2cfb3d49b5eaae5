#include "store/embedded/compactor.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "store/embedded/store_process_fixture.h"

namespace payswitch::store::embedded {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Payments go one by one; a segment has room for seven batches.
class CompactorTest : public testing::Test {
 protected:
  CompactorTest() { process_.options.compaction = true; }

  void start() {
    const auto started = process_.start();
    ASSERT_TRUE(started) << started.error();
  }

  void go_on(platform::Duration span = 100ms) { process_.world.run_for(span); }

  void accept(std::uint32_t number, std::optional<Intent> first = std::nullopt) {
    process_.store().accept(acceptance(number, amount(number), first),
                            [](Verdict verdict) { EXPECT_EQ(verdict, Verdict::accepted); });
    go_on(10ms);
  }

  void pay(std::uint32_t first, std::uint32_t count = 1) {
    for (auto number = first; number < first + count; ++number) {
      const auto sent = intent(1, at(number));
      accept(number, sent);
      process_.store().settle(test_id(number), settlement(sent, amount(number)), [] {});
      go_on(20ms);
    }
    go_on();
  }

  static std::int64_t amount(std::uint32_t number) { return 100 + number; }

  Verdict ask(const Acceptance& acceptance) {
    std::optional<Verdict> said;
    process_.store().accept(acceptance, [&](Verdict verdict) { said = verdict; });
    go_on();
    return said.value();
  }

  // All pages, each payment as often as it is told; between two pages `meanwhile` happens.
  std::vector<payment::CorrelationId> list(
      const books::Window& window, const std::function<void()>& meanwhile = [] {}) {
    std::vector<payment::CorrelationId> ids;
    std::string cursor;
    do {
      process_.store().list(window, cursor, [&](const Store::Listed& listed) {
        EXPECT_LE(listed->value().payments.size(), max_page_payments);
        for (const auto& view : listed->value().payments) ids.push_back(view.id);
        cursor = listed->value().next;
      });
      go_on();
      meanwhile();
    } while (!cursor.empty());
    return ids;
  }

  std::optional<PaymentView> find(std::uint32_t number) {
    std::optional<PaymentView> found;
    process_.store().find(test_id(number), [&](const Store::Found& view) { found = view.value(); });
    go_on();
    return found;
  }

  payment::Total sum(const books::Window& window = {}) {
    payment::Total total;
    process_.store().summary(window, [&](const auto& said) { total = said->by_processor[0]; });
    go_on();
    return total;
  }

  std::vector<std::string> files(std::string_view prefix) {
    auto names = process_.disk.list().value();
    std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
    return names;
  }

  void expect_damage_where_the_first_payment_is(const std::string& name) {
    process_.store().find(test_id(1), [](const auto&) { FAIL() << "nobody knows"; });
    go_on();
    ASSERT_EQ(process_.fatal_lines.size(), 1u);
    EXPECT_THAT(process_.fatal_lines[0], HasSubstr(name + " is damaged at offset 0"));
  }

  const Counters& counters() { return process_.store().counters(); }

  StoreProcess process_;
};

TEST_F(CompactorTest, ASegmentBecomesAnArchiveFileAndGoes) {
  start();
  pay(1, 20);
  EXPECT_EQ(counters().segments, 1u);
  EXPECT_GE(counters().sealed_payments, 15u);
  EXPECT_EQ(counters().sealed_files, files("sealed-").size());
  EXPECT_EQ(files("journal-").front(), journal::segment_name(counters().sealed_files + 1));
}

// A fact that stayed where it was told first would go with its segment.
TEST_F(CompactorTest, Protocol45FactsOutliveTheSegmentsThatToldThem) {
  const std::string longest = "http://x/" + std::string(max_origin_bytes - 9, 'y');
  process_.options.processors = {{"default", longest}, {"fallback", "http://b:1"}};
  process_.options.restored = Restored::on;
  start();
  process_.store().keep_told(at(77), [] {});
  for (std::uint32_t round = 0; round < 4; ++round) {
    pay(1 + 30 * round, 30);
    EXPECT_GT(counters().sealed_payments, 20u * (round + 1));
    process_.power_cut();
    process_.options.restored = Restored::unset;
    start();
    EXPECT_EQ(process_.store().facts().origins, (std::vector{longest, std::string("http://b:1")}));
    EXPECT_TRUE(process_.store().facts().restored);
    EXPECT_EQ(process_.store().facts().told, at(77));
  }
  process_.options.processors = {{"default", "http://other:1"}};
  accept(1000, intent(1, at(1000)));
  process_.kill();
  EXPECT_THAT(process_.start().error(), HasSubstr("was at " + longest));
}

TEST_F(CompactorTest, Protocol45ASealedIdIsKnownForEver) {
  start();
  pay(1, 60);
  for (int life = 0; life < 2; ++life) {
    for (std::uint32_t number = 1; number <= 60; ++number) {
      EXPECT_EQ(ask(acceptance(number, amount(number))), Verdict::replayed);
      EXPECT_EQ(ask(acceptance(number, amount(number) + 1)), Verdict::conflict);
      ASSERT_TRUE(find(number));
      EXPECT_EQ(find(number)->state, payment::State::settled);
    }
    EXPECT_FALSE(find(61));
    process_.power_cut();
    start();
  }
  EXPECT_GT(counters().sealed_payments, 50u);
}

TEST_F(CompactorTest, ASumOfAnyWindowIsWhatItWas) {
  start();
  pay(1, 40);
  for (std::uint32_t from = 1; from <= 40; from += 3) {
    for (std::uint32_t to = from; to <= 40; to += 5) {
      payment::Total expected;
      for (auto number = from; number <= to; ++number) expected.add(cents(amount(number)));
      EXPECT_EQ(sum({at(from), at(to)}), expected);
    }
  }
}

TEST_F(CompactorTest, APaymentThatStaysOpenDoesNotKeepItsSegment) {
  start();
  accept(1000);
  accept(1001, intent(1, at(1)));
  pay(1, 30);
  EXPECT_GE(counters().carried_forward, 2u);
  EXPECT_EQ(counters().segments, 1u);
  process_.power_cut();
  start();
  const auto& open = process_.adopted;
  ASSERT_EQ(open.size(), 2u);
  EXPECT_EQ(open[0].id, test_id(1000));
  EXPECT_EQ(open[1].id, test_id(1001));
  EXPECT_EQ(open[1].unanswered->requested_at, at(1));
}

// Open, settled in memory, sealed: each once, and on more than one page.
TEST_F(CompactorTest, AListHoldsWhatIsSealedToo) {
  start();
  accept(1000, intent(1, at(7)));
  pay(1, 3 * max_page_payments);
  ASSERT_GE(counters().sealed_payments, 2 * max_page_payments);
  auto all = list({});
  std::ranges::sort(all);
  std::vector<payment::CorrelationId> expected = {test_id(1000)};
  for (std::uint32_t n = 1; n <= 3 * max_page_payments; ++n) expected.push_back(test_id(n));
  std::ranges::sort(expected);
  EXPECT_EQ(all, expected);
  EXPECT_THAT(list({at(7), at(8)}),
              testing::UnorderedElementsAre(test_id(7), test_id(8), test_id(1000)));
  EXPECT_THAT(list({at(5000), at(6000)}), testing::IsEmpty());
}

// It was sent within the window and refused, and settled later.
TEST_F(CompactorTest, AListHoldsTheAttemptsOfWhatIsSealed) {
  start();
  accept(1000, intent(1, at(1)));
  process_.store().refuse(test_id(1000), {.processor = cheap, .number = 1});
  process_.store().intend(test_id(1000), intent(2, at(50)), [](bool) {});
  go_on();
  process_.store().settle(test_id(1000), settlement(intent(2, at(50)), amount(1000)), [] {});
  pay(100, 40);
  ASSERT_EQ(process_.store().counters().by_state[0], 0u);
  EXPECT_THAT(list({at(1), at(1)}), testing::ElementsAre(test_id(1000)));
  EXPECT_THAT(list({at(50), at(50)}), testing::ElementsAre(test_id(1000)));
}

// While it goes on, payments are settled, sealed and merged.
TEST_F(CompactorTest, AListMissesNothingThatMovesMeanwhile) {
  start();
  pay(1, 300);
  for (std::uint32_t n = 1000; n < 1010; ++n) accept(n, intent(1, at(n)));
  std::uint32_t next = 1000;
  std::uint32_t more = 2000;
  const auto before = files("sealed-");
  auto all = list({}, [&] {
    for (int i = 0; i < 5 && next < 1010; ++i, ++next) {
      const auto sent = intent(1, at(next));
      process_.store().settle(test_id(next), settlement(sent, amount(next)), [] {});
    }
    pay(more, 60);
    more += 60;
  });
  EXPECT_NE(files("sealed-"), before);
  std::ranges::sort(all);
  for (std::uint32_t n = 1; n <= 300; ++n) {
    EXPECT_TRUE(std::ranges::binary_search(all, test_id(n))) << n;
  }
  for (std::uint32_t n = 1000; n < 1010; ++n) {
    EXPECT_TRUE(std::ranges::binary_search(all, test_id(n))) << n;
  }
}

TEST_F(CompactorTest, WhatIsToldAgainIsTheWholePayment) {
  start();
  accept(1000);
  Store& store = process_.store();
  for (std::uint32_t number = 1; number <= max_attempts_remembered + 3; ++number) {
    const bool is_first = number == 1;
    store.intend(test_id(1000), intent(number, at(number), is_first ? dear : cheap), [](bool) {});
    go_on(10ms);
    store.refuse(test_id(1000),
                 {.processor = is_first ? dear : cheap,
                  .number = number,
                  .reason = is_first ? payment::Outcome::our_fault : payment::Outcome::refused});
  }
  accept(1001);
  store.park(test_id(1001), at(7), [] {});
  const auto before = find(1000);
  pay(1, 30);
  ASSERT_GE(counters().carried_forward, 2u);
  process_.power_cut();
  start();
  const auto after = find(1000);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->attempts_made, before->attempts_made);
  ASSERT_EQ(after->attempts.size(), max_attempts_remembered);
  for (std::size_t i = 0; i < after->attempts.size(); ++i) {
    EXPECT_EQ(after->attempts[i].number, before->attempts[i].number);
    EXPECT_EQ(after->attempts[i].requested_at, before->attempts[i].requested_at);
    EXPECT_EQ(after->attempts[i].outcome, before->attempts[i].outcome);
  }
  EXPECT_EQ(find(1001)->state, payment::State::parked);
  const auto& open = process_.adopted;
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].our_fault_mask, 1u << dear);  // also of an attempt that is forgotten
}

TEST_F(CompactorTest, Protocol45AtMostSixteenArchiveFilesAreThere) {
  start();
  for (std::uint32_t number = 1; number <= 400; number += 10) {
    pay(number, 10);
    ASSERT_LE(files("sealed-").size(), archive::max_files);
  }
  EXPECT_EQ(sum().count, 400u);
  EXPECT_GT(counters().sealed_payments, 350u);
}

constexpr auto merged_at = archive::max_files - 1 - archive::places_on_a_full_disk;

TEST(Merging, PartsGoOnlyWhenThePowerCannotTakeBackTheWhole) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    StoreProcess process(seed);
    process.options.compaction = true;
    ASSERT_TRUE(process.start());
    for (std::uint32_t number = 1; process.store().counters().sealed_files < merged_at; ++number) {
      process.store().accept(acceptance(number), [](Verdict) {});
      for (int i = 0; i < 20 && process.store().counters().sealed_files < merged_at; ++i) {
        process.world.run_for(1ms);
      }
    }
    const auto before = process.disk.counts().makes;
    while (process.disk.counts().makes == before) process.world.run_for(1ms);
    process.kill();  // while it is merged: the whole may be there, with a name that was not synced
    process.disk.stop_in_replace_after(0);
    ASSERT_FALSE(process.start());
    process.disk.power_cut();
    const auto started = process.start();
    ASSERT_TRUE(started) << "seed " << seed << ": " << started.error();
  }
}

TEST_F(CompactorTest, OnAFullDiskASegmentIsSealedInTheRoomOfAPreparedOne) {
  start();
  pay(1, 2);
  process_.disk.fail_prepares(true);
  accept(1000);
  ASSERT_EQ(counters().sealed_files, 0u);
  // The attempts of what is open fill a segment; this disk gives nothing back for what is removed.
  for (std::uint32_t number = 1; number <= 5; ++number) {
    process_.store().intend(test_id(1000), intent(number, at(number)), [](bool) {});
    go_on(100ms);
    process_.store().refuse(test_id(1000), {.processor = cheap, .number = number});
    go_on(1s);
  }
  EXPECT_EQ(counters().sealed_files, 1u);
  EXPECT_EQ(files("journal-").front(), journal::segment_name(2));
  EXPECT_EQ(find(1000)->attempts_made, 5u);
  EXPECT_EQ(ask(acceptance(2000)), Verdict::not_admitted);
  process_.disk.fail_prepares(false);
  go_on(2s);
  EXPECT_EQ(ask(acceptance(2000)), Verdict::accepted);
}

// The segment's old name may come back with the power, and the file's new bytes may be on the disk
// by then: never both.
TEST(CompactorInBorrowedRoom, APowerCutInTheLentRoomLeavesAJournalThatStarts) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    StoreProcess process(seed);
    process.options.compaction = true;
    ASSERT_TRUE(process.start());
    process.store().accept(acceptance(1000), [](Verdict) {});
    process.world.run_for(100ms);  // the reserve is there
    process.disk.fail_prepares(true);
    const auto makes = [&] { return process.disk.counts().makes; };
    for (std::uint32_t number = 1; makes() < 2 && number <= 40; ++number) {
      process.store().intend(test_id(1000), intent(number, at(number)), [](bool) {});
      process.store().refuse(test_id(1000), {.processor = cheap, .number = number});
      for (int i = 0; i < 100 && makes() < 2; ++i) process.world.run_for(1ms);
    }
    ASSERT_EQ(makes(), 2u) << "the first finds no room, the second has that of a segment";
    if (process.random.one_in(2)) {
      process.kill();  // the machine goes on, and loses its power when the next one has begun
      process.disk.stop_in_replace_after(process.random.below(3));
      std::ignore = process.start();
    }
    process.power_cut();
    const auto started = process.start();
    ASSERT_TRUE(started) << "seed " << seed << ": " << started.error();
  }
}

TEST_F(CompactorTest, WithoutDescriptorsWhatWasAcceptedIsSettledAndNothingIsFatal) {
  start();
  pay(1, 10);
  accept(1000, intent(1, at(1000)));
  process_.disk.run_out_of_descriptors(true);
  std::uint32_t number = 2000;
  const auto segment = counters().prepared_segments;
  while (ask(acceptance(number)) == Verdict::accepted) ASSERT_LT(++number, 2100u);
  EXPECT_LT(counters().prepared_segments, segment) << "it has gone on in the next one";
  bool is_settled = false;
  process_.store().settle(test_id(1000), settlement(intent(1, at(1000)), amount(1000)),
                          [&] { is_settled = true; });
  go_on();
  EXPECT_TRUE(is_settled);
  EXPECT_TRUE(process_.fatal_lines.empty());
  process_.disk.run_out_of_descriptors(false);
  go_on(2s);
  EXPECT_EQ(ask(acceptance(number)), Verdict::accepted);
}

// However much was open when the disk became full: what it writes then fits into the reserve, until
// telling it again has made room.
TEST_F(CompactorTest, OnAFullDiskWhatIsOpenMayFillManySegments) {
  process_.options.segment_bytes = 65536;
  start();
  std::uint32_t count = 0;
  const auto accept_more = [&] {
    std::optional<Verdict> said;
    process_.store().accept(acceptance(++count), [&](Verdict verdict) { said = verdict; });
    go_on(1ms);
    return said;
  };
  while (count < 3000) ASSERT_EQ(accept_more(), Verdict::accepted);
  process_.disk.set_capacity(process_.disk.used());
  while (accept_more() == Verdict::accepted) ASSERT_LT(count, 10'000u);
  for (std::uint32_t number = 1; number < count; ++number) {
    bool is_granted = false;
    const auto sent = intent(1, at(number));
    process_.store().intend(test_id(number), sent, [&](bool granted) { is_granted = granted; });
    for (int i = 0; i < 100 && !is_granted; ++i) go_on(1ms);
    ASSERT_TRUE(is_granted) << number << " of " << count;
  }
  for (std::uint32_t number = 1; number < count; ++number) {
    process_.store().settle(test_id(number), settlement(intent(1, at(number))), [] {});
  }
  go_on(5s);
  EXPECT_EQ(accept_more(), Verdict::accepted);
}

TEST_F(CompactorTest, AnArchiveFileOfAnotherTimeStopsTheStart) {
  start();
  pay(1, 30);
  const auto names = files("sealed-");
  ASSERT_GE(names.size(), 2u);
  const auto kept = process_.disk.content(names[0]);
  process_.kill();
  StoreProcess other(2);
  other.options.compaction = true;
  ASSERT_TRUE(other.start());
  for (std::uint32_t number = 500; number < 520; ++number) {
    other.store().accept(acceptance(number), [](Verdict) {});
    other.world.run_for(100ms);
  }
  ASSERT_TRUE(other.disk.exists(names[0]));
  process_.disk.put(names[0], other.disk.content(names[0]));
  EXPECT_THAT(process_.start().error(), HasSubstr("does not follow the sealed file before it"));
  process_.disk.put(names[0], kept);
  start();
}

TEST_F(CompactorTest, ADamagedPageEndsTheSwitchAndIsNamed) {
  start();
  pay(1, 20);
  const auto name = files("sealed-").front();
  const std::array<std::byte, 1> other{process_.disk.content(name)[100] ^ std::byte{1}};
  process_.disk.overwrite(name, 100, other);
  expect_damage_where_the_first_payment_is(name);
}

// Whoever is looked for there is known, although an intact page does not say so.
TEST_F(CompactorTest, AnIntactPageInAnothersPlaceEndsTheSwitchToo) {
  start();
  pay(1, 20);
  const auto name = files("sealed-").front();
  const auto bytes = process_.disk.content(name);
  const std::span sums(bytes.data() + archive::page_bytes, archive::page_bytes);
  process_.disk.overwrite(name, 0, sums);
  expect_damage_where_the_first_payment_is(name);
}

TEST_F(CompactorTest, ThePageOfAnotherFileEndsTheSwitchToo) {
  start();
  pay(1, 40);
  const auto names = files("sealed-");
  ASSERT_GE(names.size(), 2u);
  const auto bytes = process_.disk.content(names[1]);
  process_.disk.overwrite(names[0], 0, std::span(bytes).first(archive::page_bytes));
  expect_damage_where_the_first_payment_is(names[0]);
}

}  // namespace
}  // namespace payswitch::store::embedded
