#include "store/contract_test.h"
#include "store/embedded/lives_test.h"

namespace payswitch::store {
namespace {

class EmbeddedUnderTest final : public StoreUnderTest {
 public:
  explicit EmbeddedUnderTest(world::Durability durability) : lives_(1, durability) {
    lives_.options.sealing = true;
    EXPECT_TRUE(lives_.start());
  }

  Store& store() override { return lives_.store(); }
  void settle_down() override { lives_.world.run_until_idle(); }

  bool restart() override {
    if (lives_.options.durability == world::Durability::memory) return false;
    if (lives_.options.durability == world::Durability::fsync) {
      lives_.power_cut();
    } else {
      lives_.kill();
    }
    const auto started = lives_.start();
    EXPECT_TRUE(started) << started.error();
    return true;
  }

 private:
  embedded::Lives lives_;
};

StoreMaker maker(world::Durability durability) {
  return {std::string(world::to_string(durability)),
          [durability] { return std::make_unique<EmbeddedUnderTest>(durability); }};
}

INSTANTIATE_TEST_SUITE_P(Embedded, StoreContract,
                         testing::Values(maker(world::Durability::fsync),
                                         maker(world::Durability::os),
                                         maker(world::Durability::memory)),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace payswitch::store
