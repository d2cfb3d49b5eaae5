#include "store/contract_fixture.h"
#include "store/embedded/store_process_fixture.h"

namespace payswitch::store {
namespace {

class EmbeddedUnderTest final : public StoreUnderTest {
 public:
  explicit EmbeddedUnderTest(platform::Durability durability) : process_(1, durability) {
    process_.options.compaction = true;
    EXPECT_TRUE(start());
  }

  Store& store() override { return process_.store(); }
  std::vector<OpenPayment> adopted() override { return process_.adopted; }
  void settle_down() override { process_.world.run_until_idle(); }

  bool restart() override {
    if (process_.options.durability == platform::Durability::memory) return false;
    crash();
    const auto started = start();
    EXPECT_TRUE(started) << started.error();
    return true;
  }
  std::string refusal() override {
    crash();
    const auto started = start();
    return started ? "it started" : started.error();
  }

 private:
  std::expected<void, std::string> start() {
    process_.options.processors = options.processors;
    process_.options.moved = options.moved;
    process_.options.restored = options.restored;
    return process_.start();
  }
  void crash() {
    if (process_.options.durability == platform::Durability::fsync) return process_.power_cut();
    process_.kill();
  }

  embedded::StoreProcess process_;
};

TEST(EmbeddedStore, AdoptsInTheOrderInWhichPaymentsWereAccepted) {
  embedded::StoreProcess process;
  ASSERT_TRUE(process.start());
  for (const std::uint32_t number : {9u, 3u, 7u, 1u, 5u}) {
    process.store().accept(acceptance(number), [](Verdict) {});
    process.world.run_until_idle();
  }
  process.power_cut();
  ASSERT_TRUE(process.start());
  std::vector<payment::CorrelationId> order;
  for (const OpenPayment& open : process.adopted) order.push_back(open.id);
  EXPECT_EQ(order, (std::vector{test_id(9), test_id(3), test_id(7), test_id(1), test_id(5)}));
}

StoreMaker maker(platform::Durability durability) {
  return {std::string(platform::to_string(durability)),
          [durability] { return std::make_unique<EmbeddedUnderTest>(durability); }};
}

INSTANTIATE_TEST_SUITE_P(Embedded, StoreContract,
                         testing::Values(maker(platform::Durability::fsync),
                                         maker(platform::Durability::os),
                                         maker(platform::Durability::memory)),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace payswitch::store
