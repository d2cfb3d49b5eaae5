#include "store/shared/keys.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "store/samples_fixture.h"

namespace payswitch::store::shared {
namespace {

TEST(Keys, SayWhatTheyHoldAndInWhichShard) {
  EXPECT_EQ(shard_key(0, owners), "ps:{s00}:owners");
  EXPECT_EQ(shard_key(63, own, "an instance"), "ps:{s63}:own:an instance");
  EXPECT_EQ(shard_key(7, count_of, payment::ProcessorNumber{31}), "ps:{s07}:count:31");
  EXPECT_EQ(shard_key(7, widest_cents_of, dear), "ps:{s07}:cents12d:1");
  EXPECT_EQ(meta_key("leases"), "ps:{meta}:leases");
}

TEST(Keys, APaymentLiesInItsShardUnderItsId) {
  for (std::uint32_t number = 0; number < 100; ++number) {
    const payment::CorrelationId id = test_id(number);
    EXPECT_EQ(payment_key(id), shard_key(shard_of(id), "p", id.to_string()));
  }
}

// What lies in Redis is looked for in the same place for ever, by every version.
TEST(Keys, TheShardOfAnIdNeverChanges) {
  const auto shard = [](std::string_view id) {
    return shard_of(*payment::CorrelationId::parse(id));
  };
  EXPECT_EQ(shard("00000000-0000-0000-0000-000000000000"), 40u);
  EXPECT_EQ(shard("4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"), 58u);
  EXPECT_EQ(shard("ffffffff-ffff-ffff-ffff-ffffffffffff"), 19u);
}

TEST(Keys, PaymentsAreSpreadEvenly) {
  std::array<int, shard_count> payments{};
  for (std::uint32_t number = 0; number < 64'000; ++number) ++payments[shard_of(test_id(number))];
  for (const int each : payments) {
    EXPECT_GT(each, 850);
    EXPECT_LT(each, 1150);
  }
}

}  // namespace
}  // namespace payswitch::store::shared
