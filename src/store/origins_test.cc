#include "store/origins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Origins : public testing::Test {
 protected:
  std::expected<OriginPlan, std::string> plan(std::string origin) {
    options_.processors = {{"one", std::move(origin)}};
    return plan_origins(options_, {.names = names_,
                                   .origins = kept_,
                                   .unanswered = unanswered_,
                                   .named_before = named_before_});
  }
  std::vector<std::string> names_{"one"};
  std::vector<std::string> kept_{"http://a:1"};
  std::vector<payment::Total> unanswered_{{.count = 1, .cents = 1990}};
  std::size_t named_before_ = 1;
  Options options_;
};

TEST_F(Origins, TheSamePlaceNeedsNoWord) {
  const auto same = plan("http://a:1").value();
  EXPECT_THAT(same.to_keep, IsEmpty());
  EXPECT_THAT(same.infos, IsEmpty());
  EXPECT_THAT(same.warnings, IsEmpty());
  EXPECT_THAT(plan("").value().to_keep, IsEmpty());
}

TEST_F(Origins, Protocol33AnotherPlaceIsAnErrorThatNamesAllOfIt) {
  EXPECT_EQ(plan("http://b:1").error(),
            "processor 'one' is configured at http://b:1, but was at http://a:1 when a payment of "
            "19.90 without an answer was sent to it: another processor would charge them again. "
            "Configure it at http://a:1, or start with --moved one if both places have the same "
            "books");
}

TEST_F(Origins, AnotherPlaceIsKeptWithAWarningWhereNothingIsOpen) {
  unanswered_.clear();
  const auto other = plan("http://b:1").value();
  ASSERT_EQ(other.to_keep.size(), 1u);
  EXPECT_EQ(other.to_keep[0].origin, "http://b:1");
  EXPECT_THAT(other.warnings, ElementsAre(HasSubstr("http://a:1")));
}

TEST_F(Origins, TheOperatorMaySayThatTheBooksAreTheSame) {
  options_.moved = {"two"};
  EXPECT_FALSE(plan("http://b:1"));
  options_.moved = {"one"};
  const auto moved = plan("http://b:1").value();
  ASSERT_EQ(moved.to_keep.size(), 1u);
  EXPECT_THAT(moved.infos, ElementsAre(HasSubstr("has moved from http://a:1 to http://b:1")));
  EXPECT_THAT(moved.warnings, IsEmpty());
}

TEST_F(Origins, ThePlaceOfNowIsTakenWhereNoneIsKept) {
  kept_.clear();
  const auto old = plan("http://b:1").value();
  EXPECT_THAT(old.infos, ElementsAre(HasSubstr("kept from now on")));
  EXPECT_EQ(old.to_keep.size(), 1u);
  named_before_ = 0;
  EXPECT_THAT(plan("http://b:1").value().infos, IsEmpty());
}

TEST_F(Origins, AnOriginIsPrintableAsciiOfFourHundredBytesAtMost) {
  EXPECT_TRUE(is_origin(std::string(400, 'x')));
  for (const auto& wrong :
       {std::string(), std::string(401, 'x'), std::string("a b"), std::string("\x7f"),
        std::string("\""), std::string("\\"), std::string("\xc3\xa9")}) {
    EXPECT_FALSE(is_origin(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace payswitch::store
