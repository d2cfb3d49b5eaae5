#pragma once

#include "testing/world/world.h"

namespace payswitch::lab {

// The clock of one machine of several: the same time goes by, the wall clock shows another one.
class SkewedClock final : public platform::Clock {
 public:
  SkewedClock(const World& world, std::chrono::milliseconds ahead) : world_(world), ahead_(ahead) {}

  platform::Instant now() const override { return world_.now(); }
  payment::UtcMs wall() const override { return {world_.wall().value + ahead_.count()}; }

 private:
  const World& world_;
  std::chrono::milliseconds ahead_;
};

}  // namespace payswitch::lab
