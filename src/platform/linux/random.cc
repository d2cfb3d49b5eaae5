#include <random>

#include "platform/linux/real.h"

namespace payswitch::platform {
namespace {

class RealChance final : public Random {
 public:
  RealChance() {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    engine_.seed(seed);
  }

  std::uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace

std::unique_ptr<Random> make_real_random() {
  return std::make_unique<RealChance>();
}

}  // namespace payswitch::platform
