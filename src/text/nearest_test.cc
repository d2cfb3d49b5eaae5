#include "text/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace payswitch::text {
namespace {

constexpr std::array<std::string_view, 6> known{"listen", "data",         "patience",
                                                "limits", "breaker.rest", "limits.connections"};

TEST(Nearest, FindsTheNameBehindASlip) {
  EXPECT_EQ(nearest("patiance", known), "patience");
  EXPECT_EQ(nearest("lsiten", known), "listen") << "a swap is one slip";
  EXPECT_EQ(nearest("dat", known), "data");
  EXPECT_EQ(nearest("limit", known), "limits");
  EXPECT_EQ(nearest("breaker.rst", known), "breaker.rest");
}

TEST(Nearest, FindsANameInTheWrongSection) {
  EXPECT_EQ(nearest("rest", known), "breaker.rest");
  EXPECT_EQ(nearest("store.connections", known), "limits.connections");
}

TEST(Nearest, SuggestsNothingThatIsFar) {
  EXPECT_EQ(nearest("colour", known), std::nullopt);
  EXPECT_EQ(nearest("", known), std::nullopt);
  EXPECT_EQ(nearest("xyz", {}), std::nullopt);
  constexpr std::array<std::string_view, 2> brief{"to", "id"};
  EXPECT_EQ(nearest("x", brief), std::nullopt) << "two slips make any two letters";
  EXPECT_EQ(nearest("xy", brief), std::nullopt);
  EXPECT_EQ(nearest("t", brief), "to");
}

TEST(Nearest, CountsNeighbouringLettersThatChangedPlacesAsOneSlip) {
  constexpr std::array<std::string_view, 2> names{"abcdxx", "abdc"};
  EXPECT_EQ(nearest("abcd", names), "abdc");
}

}  // namespace
}  // namespace payswitch::text
