// What a backlog costs in memory: all that is held for an open payment, as malloc counts it.

#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>

#include "dispatch/job.h"
#include "dispatch/open_limit.h"
#include "dispatch/queue.h"
#include "store/embedded/index.h"
#include "store/journal/record.h"
#include "store/samples_fixture.h"
#include "testing/world/world.h"

namespace payswitch::dispatch {
namespace {

using store::test_id;

std::size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A sanitizer's allocator does not count for mallinfo2.
bool allocations_are_counted() {
  constexpr std::size_t some = 1 << 20;
  const std::size_t before = allocated();
  void* const memory = ::operator new(some);
  const bool is_seen = allocated() >= before + some;
  ::operator delete(memory);
  return is_seen;
}

struct Backlog {
  explicit Backlog(bool at_work) : is_at_work(at_work) {
    index.apply(store::journal::named_record(0, "default"), ++sequence);
  }

  void add(std::uint32_t number) {
    const auto id = test_id(number);
    const auto accepted = store::acceptance(
        number, 1990, is_at_work ? std::optional(store::intent(1, store::at(1))) : std::nullopt);
    index.apply(store::journal::accepted_record(accepted), ++sequence);
    Job& job = jobs.add();
    job.id = id;
    jobs.mark_open(job);
    if (!is_at_work) return queue.push(jobs.ref(job), 0);
    jobs.begin_attempt(job, Attempt(job.amount, store::at(1), {}));
    jobs.mark_unknown(*job.attempt);
    jobs.set_timer(job, std::chrono::milliseconds(number),
                   [this, ref = jobs.ref(job)] { jobs.due(ref).tries = 1; });
  }

  const bool is_at_work;
  std::uint64_t sequence = 0;
  store::Counters counters;
  store::embedded::Index index{counters};
  lab::World world;
  Jobs jobs{world};
  PendingQueue queue;
};

// The most that one costs while there are up to so many: tables double, and are half empty then.
double most_bytes_each(bool at_work, std::uint32_t from, std::uint32_t to) {
  const std::size_t before = allocated();
  Backlog backlog(at_work);
  double most = 0;
  for (std::uint32_t count = 1; count <= to; ++count) {
    backlog.add(count);
    if (count < from || count % 1'000 != 0) continue;
    most = std::max(most, static_cast<double>(allocated() - before) / count);
  }
  return most;
}

TEST(OpenPaymentCost, OneThatWaitsTakesNoMoreThanTheLimitReckonsWith) {
  if (!allocations_are_counted()) GTEST_SKIP() << "this allocator is not malloc";
  const double bytes = most_bytes_each(false, 50'000, 220'000);
  RecordProperty("bytes", static_cast<int>(bytes));
  EXPECT_LE(bytes, static_cast<double>(open_payment_bytes));
}

TEST(OpenPaymentCost, OneAtWorkTakesNoMoreThanTwiceThat) {
  if (!allocations_are_counted()) GTEST_SKIP() << "this allocator is not malloc";
  const double bytes = most_bytes_each(true, 50'000, 220'000);
  RecordProperty("bytes", static_cast<int>(bytes));
  EXPECT_LE(bytes, static_cast<double>(2 * open_payment_bytes));
}

}  // namespace
}  // namespace payswitch::dispatch
