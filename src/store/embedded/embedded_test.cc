#include "store/contract_fixture.h"
#include "store/embedded/lives_fixture.h"

namespace payswitch::store {
namespace {

class EmbeddedUnderTest final : public StoreUnderTest {
 public:
  explicit EmbeddedUnderTest(platform::Durability durability) : lives_(1, durability) {
    lives_.options.sealing = true;
    EXPECT_TRUE(start());
  }

  Store& store() override { return lives_.store(); }
  std::vector<OpenPayment> adopted() override { return lives_.adopted; }
  void settle_down() override { lives_.world.run_until_idle(); }

  bool restart() override {
    if (lives_.options.durability == platform::Durability::memory) return false;
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
    lives_.options.processors = options.processors;
    lives_.options.moved = options.moved;
    lives_.options.restored = options.restored;
    return lives_.start();
  }
  void crash() {
    if (lives_.options.durability == platform::Durability::fsync) return lives_.power_cut();
    lives_.kill();
  }

  embedded::Lives lives_;
};

TEST(EmbeddedStore, AdoptsInTheOrderInWhichPaymentsWereAccepted) {
  embedded::Lives lives;
  ASSERT_TRUE(lives.start());
  for (const std::uint32_t number : {9u, 3u, 7u, 1u, 5u}) {
    lives.store().accept(acceptance(number), [](Verdict) {});
    lives.world.run_until_idle();
  }
  lives.power_cut();
  ASSERT_TRUE(lives.start());
  std::vector<payment::CorrelationId> order;
  for (const OpenPayment& open : lives.adopted) order.push_back(open.id);
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
