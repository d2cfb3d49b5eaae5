#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <ostream>

#include "store/archive/file_set.h"
#include "store/embedded/store_process_fixture.h"

namespace payswitch::store::embedded {
namespace {

using namespace std::chrono_literals;

// An outage on a full disk: every attempt is written down, and nothing is settled. What is archived
// and merged makes the room for it, however long it lasts.
struct FullDisk {
  std::uint32_t open = 0;  // when the disk becomes full
  platform::Durability durability;
  std::uint32_t attempts_at_once = 1;
};

void PrintTo(const FullDisk& disk, std::ostream* out) {
  *out << disk.open << " open, " << disk.attempts_at_once << " attempts at once, "
       << (disk.durability == platform::Durability::os ? "os" : "fsync");
}

class CompactorOnAFullDisk : public testing::TestWithParam<FullDisk> {
 protected:
  CompactorOnAFullDisk() {
    process_.options.compaction = true;
    process_.options.segment_bytes = 65536;
    process_.options.durability = GetParam().durability;
  }

  Verdict accept_one_more() {
    std::optional<Verdict> said;
    process_.store().accept(acceptance(open_ + 1), [&](Verdict verdict) { said = verdict; });
    process_.world.run_for(1ms);
    if (said == Verdict::accepted) ++open_;
    return said.value_or(Verdict::not_admitted);
  }

  void attempt_in_turn(std::uint32_t& attempt) {
    std::uint32_t granted = 0;
    const auto count = std::min(open_, GetParam().attempts_at_once);
    const auto first = attempt;
    for (; attempt < first + count; ++attempt) {
      process_.store().intend(test_id(1 + attempt % open_), sent(attempt),
                              [&](bool was_granted) { granted += was_granted; });
    }
    for (int i = 0; i < 10'000 && granted < count; ++i) process_.world.run_for(1ms);
    const auto& counters = process_.store().counters();
    ASSERT_EQ(granted, count) << "attempt " << attempt << ", open " << open_ << ", prepared "
                              << counters.prepared_segments << ", sealed " << counters.sealed_files;
    for (auto each = first; each < attempt; ++each) {
      process_.store().refuse(test_id(1 + each % open_),
                              {.processor = cheap, .number = sent(each).number});
    }
  }

  Intent sent(std::uint32_t attempt) const { return intent(1 + attempt / open_, at(attempt)); }

  StoreProcess process_{1};
  std::uint32_t open_ = 0;
};

TEST_P(CompactorOnAFullDisk, AttemptsGoOnAsLongAsItStaysFullAndAllIsSettledInTheEnd) {
  ASSERT_TRUE(process_.start());
  while (open_ < GetParam().open) ASSERT_EQ(accept_one_more(), Verdict::accepted);
  process_.world.run_for(100ms);
  process_.disk.set_capacity(process_.disk.used());
  while (accept_one_more() == Verdict::accepted) ASSERT_LT(open_, 20'000u);
  std::uint32_t attempt = 0;
  while (attempt < 20 * open_ + 20'000) ASSERT_NO_FATAL_FAILURE(attempt_in_turn(attempt));
  std::uint32_t settled = 0;
  for (const auto last = attempt + open_; attempt < last; ++attempt) {
    const auto id = test_id(1 + attempt % open_);
    const auto intended = sent(attempt);
    process_.store().intend(id, intended, [](bool) {});  // it may wait, but is not overtaken
    process_.store().settle(id, settlement(intended, 100), [&] { ++settled; });
  }
  process_.world.run_for(10s);
  EXPECT_EQ(settled, open_);
  EXPECT_LT(process_.store().counters().sealed_files, archive::max_files);
}

constexpr auto fsync = platform::Durability::fsync;
constexpr auto os = platform::Durability::os;

INSTANTIATE_TEST_SUITE_P(Disks, CompactorOnAFullDisk,
                         testing::Values(FullDisk{1, fsync, 1}, FullDisk{100, fsync, 1},
                                         FullDisk{100, fsync, 50}, FullDisk{3000, fsync, 200},
                                         FullDisk{1, os, 1}, FullDisk{100, os, 50},
                                         FullDisk{3000, os, 200}));

}  // namespace
}  // namespace payswitch::store::embedded
