#include "store/shared/cluster/finality.h"

#include <gtest/gtest.h>

namespace payswitch::store::shared {
namespace {

using payment::UtcMs;
using std::chrono::seconds;

struct FinalityTest : testing::Test {
  platform::Instant now{seconds(100)};
  Finality finality{seconds(10)};

  void hear(std::int64_t ours, const Finality::Next& others, int times = 1) {
    for (; times > 0; --times) {
      finality.heard({ours}, others, now);
      now += seconds(1);
    }
  }
};

TEST(SaidByOthers, IsReadFromTheirNews) {
  using payswitch::redis::Reply;
  Reply news{.kind = Reply::Kind::array, .integer = 0, .text = {}, .elements = {}};
  for (const char* word : {"us", "0 0 90 run", "a", "3 1 70 run", "old", "3 1 70f", "gone",
                           "0 0 5 r", "odd", "0 0 x run"}) {
    news.elements.push_back(
        {.kind = Reply::Kind::text, .integer = 0, .text = word, .elements = {}});
  }
  const auto said = said_by_others({"a", "old", "odd", "silent", "us"}, "us", news);
  const Finality::Next expected = {{"a", {70}}, {"old", {0}}, {"odd", {0}}, {"silent", {0}}};
  EXPECT_EQ(said, expected);
}

TEST_F(FinalityTest, WhoHasJustComeKnowsNothing) {
  hear(50, {}, 10);
  EXPECT_FALSE(finality.until());
  hear(50, {});
  EXPECT_EQ(finality.until(), UtcMs{49});
}

TEST_F(FinalityTest, Rule6_ItIsTheLeastOfAllWhoLive) {
  hear(50, {{"a", {70}}, {"b", {30}}}, 11);
  EXPECT_EQ(finality.until(), UtcMs{29});
  hear(50, {{"a", {70}}, {"b", {60}}});
  EXPECT_EQ(finality.until(), UtcMs{49});
}

TEST_F(FinalityTest, OneThatHasJustJoinedCountsAtOnce) {
  hear(50, {{"a", {70}}}, 11);
  hear(50, {{"a", {70}}, {"b", {40}}});
  EXPECT_EQ(finality.until(), UtcMs{39});
}

TEST_F(FinalityTest, OneThatDoesNotSayHoldsEverythingUp) {
  hear(50, {{"a", {0}}}, 11);
  EXPECT_FALSE(finality.until());
}

TEST_F(FinalityTest, WhoHasGoneMayNotKnowItForALease) {
  hear(50, {{"a", {30}}}, 11);
  hear(80, {}, 10);
  EXPECT_EQ(finality.until(), UtcMs{29});
  hear(80, {});
  EXPECT_EQ(finality.until(), UtcMs{79});
}

TEST_F(FinalityTest, AfterALeaseOfSilenceNothingIsKnown) {
  hear(50, {}, 11);
  now += seconds(10);
  hear(80, {});
  EXPECT_FALSE(finality.until());
  hear(80, {}, 10);
  EXPECT_EQ(finality.until(), UtcMs{79});
}

TEST_F(FinalityTest, AnotherRunOfRedisMayHaveForgottenWhoWasThere) {
  hear(50, {}, 11);
  finality.begin_anew();
  hear(80, {});
  EXPECT_FALSE(finality.until());
}

}  // namespace
}  // namespace payswitch::store::shared
