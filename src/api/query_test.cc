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

TEST(Query, APercentEncodedNameIsTheSameName) {
  EXPECT_EQ(query_parameter("%66rom=a", "from").value(), "a");
  EXPECT_FALSE(query_parameter("from=a&fro%6d=b", "from")) << "twice";
}

std::string unknown_of(std::string_view query) {
  static constexpr std::string_view known[] = {"from", "to"};
  const auto problem = unknown_parameter(query, known);
  return problem ? std::string(problem->field) + ": " + problem->detail : "";
}

TEST(Query, AnUnknownParameterIsNamedWithTheNearestOne) {
  EXPECT_EQ(unknown_of("form=a"), "form: unknown parameter; did you mean 'from'?");
  EXPECT_EQ(unknown_of("from=a&state=settled&x=1"),
            "state: unknown parameter; known parameters: from, to");
  EXPECT_EQ(unknown_of("state"), "state: unknown parameter; known parameters: from, to");
  EXPECT_EQ(unknown_of("FROM=a"), "FROM: unknown parameter; known parameters: from, to");
  EXPECT_EQ(unknown_of("=a"), ": unknown parameter; known parameters: from, to");
  EXPECT_EQ(unknown_of("st%zzte=a"), "st%zzte: unknown parameter; known parameters: from, to");
}

TEST(Query, KnownParametersAndNoneAreNotUnknown) {
  for (std::string_view query : {"", "from=a", "to=b&from=a", "&&from=a&", "%66rom=a", "from"}) {
    EXPECT_EQ(unknown_of(query), "") << query;
  }
}

TEST(Query, AnUnknownParameterIsRepeatedUpToTheLimitOfAName) {
  const auto problem = unknown_parameter(std::string(5000, 'x') + "=1", {});
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->field.size(), 64u);
}

TEST(Query, AParameterThatStandsTwiceIsAProblemAndNamesIt) {
  const auto value = query_parameter("from=a&from=a", "from");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().field, "from");
}

}  // namespace
}  // namespace payswitch::api
