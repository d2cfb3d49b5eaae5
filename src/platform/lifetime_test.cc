#include "platform/lifetime.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace payswitch::platform {
namespace {

TEST(Lifetime, AGuardedFunctionRunsWithItsArgumentsWhileItLasts) {
  Lifetime lifetime;
  std::string heard;
  const auto guarded = std::function<void(std::string, int)>(
      lifetime.guard([&](std::string text, int number) { heard = text + std::to_string(number); }));
  guarded("a", 1);
  guarded("b", 2);
  EXPECT_EQ(heard, "b2");
}

TEST(Lifetime, AGuardedFunctionDoesNothingAfterTheEnd) {
  std::optional<Lifetime> lifetime(std::in_place);
  int runs = 0;
  auto guarded = lifetime->guard([&] { ++runs; });
  lifetime.reset();
  guarded();
  EXPECT_EQ(runs, 0);
}

TEST(Lifetime, TheEndMayComeInsideAGuardedFunction) {
  std::optional<Lifetime> lifetime(std::in_place);
  int runs = 0;
  auto first = lifetime->guard([&] {
    ++runs;
    lifetime.reset();
  });
  auto second = lifetime->guard([&] { ++runs; });
  first();
  second();
  EXPECT_EQ(runs, 1);
}

TEST(Lifetime, MovesThroughWhatCanOnlyBeMoved) {
  const Lifetime lifetime;
  int sum = 0;
  auto guarded = std::move_only_function<void(std::unique_ptr<int>)>(
      lifetime.guard([&sum, mine = std::make_unique<int>(3)](std::unique_ptr<int> theirs) {
        sum = *mine + *theirs;
      }));
  guarded(std::make_unique<int>(4));
  EXPECT_EQ(sum, 7);
}

TEST(Lifetime, CanBeEndedEarly) {
  Lifetime lifetime;
  int runs = 0;
  auto guarded = lifetime.guard([&] { ++runs; });
  lifetime.end();
  guarded();
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace payswitch::platform
