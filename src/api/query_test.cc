#include "api/query.h"

#include <gtest/gtest.h>

namespace payswitch::api {
namespace {

TEST(Query, FindsAParameterWhereverItStands) {
  for (std::string_view query :
       {"from=a", "x=1&from=a", "from=a&to=b", "&&from=a&", "xfrom=c&from=a"}) {
    const auto value = query_parameter(query, "from");
    ASSERT_TRUE(value && *value) << query;
    EXPECT_EQ(**value, "a");
  }
  EXPECT_FALSE(query_parameter("", "from").value());
  EXPECT_FALSE(query_parameter("fromm=a&to=b", "from").value());
}

TEST(Query, AParameterWithoutAValueIsThereAndEmpty) {
  EXPECT_EQ(query_parameter("from", "from").value(), "");
  EXPECT_EQ(query_parameter("from=", "from").value(), "");
}

TEST(Query, DecodesPercentsAndLeavesThePlusOfATimeZoneAlone) {
  EXPECT_EQ(query_parameter("from=2025-07-08T12%3A34%3a56%2B02:00", "from").value(),
            "2025-07-08T12:34:56+02:00");
  EXPECT_EQ(query_parameter("from=1+02", "from").value(), "1+02");
}

TEST(Query, APercentWithoutTwoDigitsIsAProblem) {
  for (std::string_view query : {"from=%", "from=%4", "from=%zz", "from=a%2"}) {
    EXPECT_FALSE(query_parameter(query, "from")) << query;
  }
}

TEST(Query, AParameterThatStandsTwiceIsAProblemAndNamesIt) {
  const auto value = query_parameter("from=a&from=a", "from");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().field, "from");
}

}  // namespace
}  // namespace payswitch::api
