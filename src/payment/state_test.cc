#include "payment/state.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <utility>

namespace payswitch::payment {
namespace {

using enum State;

constexpr std::array all = {accepted, attempting, unknown, settled, parked};
static_assert(all.size() == state_count);

TEST(State, ExactlyTheListedEdgesAreLegal) {
  const std::set<std::pair<State, State>> legal = {
      {accepted, attempting}, {accepted, parked},  // a try, or no processor takes it
      {attempting, accepted}, {attempting, attempting}, {attempting, unknown},
      {attempting, settled},  {unknown, accepted},      {unknown, settled},
      {unknown, parked},      {parked, accepted},       {parked, unknown},
  };
  for (const State from : all) {
    for (const State to : all) {
      EXPECT_EQ(is_legal(from, to), legal.contains({from, to}))
          << to_string(from) << " -> " << to_string(to);
    }
  }
}

TEST(State, EachHasANameOfItsOwn) {
  EXPECT_EQ(to_string(accepted), "accepted");
  EXPECT_EQ(to_string(attempting), "attempting");
  EXPECT_EQ(to_string(unknown), "unknown");
  EXPECT_EQ(to_string(settled), "settled");
  EXPECT_EQ(to_string(parked), "parked");
}

TEST(StateDeathTest, ANumberThatIsNoStateIsABug) {
  EXPECT_DEATH(to_string(static_cast<State>(state_count)), "assert|Assert");
  EXPECT_DEATH(is_legal(static_cast<State>(state_count), accepted), "assert|Assert");
}

}  // namespace
}  // namespace payswitch::payment
