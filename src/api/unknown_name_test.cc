#include "api/unknown_name.h"

#include <gtest/gtest.h>

#include <array>

namespace payswitch::api {
namespace {

constexpr std::array<std::string_view, 3> known{"from", "to", "cursor"};

TEST(UnknownName, IsAnsweredWithTheNearestOneOrWithThoseThereAre) {
  EXPECT_EQ(unknown_name_detail("parameter", "form", known),
            "unknown parameter; did you mean 'from'?");
  EXPECT_EQ(unknown_name_detail("parameter", "state", known),
            "unknown parameter; known parameters: from, to, cursor");
  EXPECT_EQ(unknown_name_detail("parameter", "x", {}), "unknown parameter; this path takes none");
}

TEST(UnknownName, IsShownWholeUpToItsLimitAndCutBeyondIt) {
  const std::string largest(max_shown_name, 'x');
  EXPECT_EQ(shown_name(largest), largest);
  EXPECT_EQ(shown_name(largest + "y"), largest);
}

TEST(UnknownName, IsCutBetweenTwoCharacters) {
  const std::string nearly(max_shown_name - 1, 'x');
  EXPECT_EQ(shown_name(nearly + "\xc3\xa9"), nearly);
  EXPECT_EQ(shown_name(std::string(1000, '\x80')), "") << "no character begins there";
}

TEST(UnknownName, AVeryLongOneIsComparedWithNone) {
  EXPECT_EQ(unknown_name_detail("parameter", std::string(max_shown_name + 1, 'f'), known),
            "unknown parameter; known parameters: from, to, cursor");
}

}  // namespace
}  // namespace payswitch::api
