#include "store/shared/cluster/declarations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::store::shared {
namespace {

using payment::UtcMs;
using testing::ElementsAre;

struct DeclarationsTest : testing::Test {
  Declarations declarations;
  std::vector<std::optional<UtcMs>> heard;

  void add(std::int64_t told) {
    declarations.add({told}, [this](std::optional<UtcMs> until) { heard.push_back(until); });
  }
};

TEST_F(DeclarationsTest, OneBeatAnswersAllWhoCameBeforeIt) {
  EXPECT_FALSE(declarations.begin());
  add(50);
  add(70);
  EXPECT_TRUE(declarations.begin());
  add(90);
  EXPECT_FALSE(declarations.begin());  // one is under way
  declarations.end(UtcMs{60});
  EXPECT_THAT(heard, ElementsAre(UtcMs{50}, UtcMs{60}));
  EXPECT_TRUE(declarations.begin());
  declarations.end(std::nullopt);
  EXPECT_EQ(heard.back(), std::nullopt);
}

TEST_F(DeclarationsTest, WhoWaitsWhenTheConnectionGoesIsTold) {
  add(50);
  declarations.begin();
  add(70);
  declarations.give_up();
  EXPECT_THAT(heard, ElementsAre(std::nullopt, std::nullopt));
  EXPECT_FALSE(declarations.begin());
}

}  // namespace
}  // namespace payswitch::store::shared
