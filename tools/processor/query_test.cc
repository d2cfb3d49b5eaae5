#include "tools/processor/query.h"

#include <gtest/gtest.h>

namespace payswitch::lab {
namespace {

TEST(Query, FindsAParameterByItsWholeName) {
  EXPECT_EQ(query_parameter("from=1&to=2", "from"), "1");
  EXPECT_EQ(query_parameter("from=1&to=2", "to"), "2");
  EXPECT_EQ(query_parameter("from=1&to=2", "o"), std::nullopt);
  EXPECT_EQ(query_parameter("xfrom=1&from=2&from=3", "from"), "2");
  EXPECT_EQ(query_parameter("", "from"), std::nullopt);
}

TEST(Query, AParameterMayBeEmpty) {
  EXPECT_EQ(query_parameter("from=&to=2", "from"), "");
  EXPECT_EQ(query_parameter("from&to=2", "from"), "");
  EXPECT_EQ(query_parameter("&&to=2&", "to"), "2");
}

TEST(Query, IsPercentDecodedAndAPlusStaysOne) {
  EXPECT_EQ(query_parameter("t=2025-07-08T12%3A34%3a56%2B02:00", "t"), "2025-07-08T12:34:56+02:00");
  EXPECT_EQ(query_parameter("t=12:34+02:00", "t"), "12:34+02:00");
  EXPECT_EQ(query_parameter("t=%zz%4", "t"), "%zz%4");
}

}  // namespace
}  // namespace payswitch::lab
