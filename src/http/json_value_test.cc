#include "http/json_value.h"

#include <gtest/gtest.h>

namespace payswitch::http {
namespace {

using Kind = JsonValue::Kind;

TEST(JsonValue, ATreeIsReadAsItStands) {
  const auto tree = read_json(R"({"a":[{"b":"x\u0041"},null,true],"sum":{"totalAmount":19.90}})");
  ASSERT_TRUE(tree) << tree.error();
  const auto& list = (*tree)["a"];
  ASSERT_EQ(list.values.size(), 3u);
  EXPECT_EQ(list.values[0]["b"].text, "xA");
  EXPECT_EQ(list.values[1].kind, Kind::null);
  EXPECT_EQ(list.values[2].text, "true");
  EXPECT_EQ((*tree)["sum"]["totalAmount"].text, "19.90");
  EXPECT_EQ((*tree)["sum"]["totalAmount"].kind, Kind::number);
}

TEST(JsonValue, WhatIsNotThereIsAbsentAllTheWayDown) {
  const auto tree = read_json(R"({"a":1})");
  EXPECT_EQ((*tree)["b"]["c"].kind, Kind::absent);
  EXPECT_EQ((*tree)["a"]["c"].kind, Kind::absent);
  EXPECT_TRUE((*tree)["b"].values.empty());
}

TEST(JsonValue, OfAKeyThatStandsTwiceTheFirstCounts) {
  EXPECT_EQ((*read_json(R"({"a":1,"a":2})"))["a"].text, "1");
}

TEST(JsonValue, NumbersKeepTheirDigits) {
  EXPECT_EQ(read_json("99999999999999999999.10")->text, "99999999999999999999.10");
}

TEST(JsonValue, AnythingElseIsAnError) {
  for (const char* text : {"", "{", "nonsense", "{} {}", "[1,]"})
    EXPECT_FALSE(read_json(text)) << text;
  EXPECT_TRUE(read_json(std::string(32, '[') + std::string(32, ']')));
  EXPECT_FALSE(read_json(std::string(33, '[') + std::string(33, ']')));
}

}  // namespace
}  // namespace payswitch::http
