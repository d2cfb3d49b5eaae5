#include "http/json_fields.h"

#include <gtest/gtest.h>

#include <array>

namespace payswitch::http {
namespace {

using Kind = JsonField::Kind;

struct JsonFields : testing::Test {
  std::array<JsonField, 2> fields{JsonField{.name = "amount"}, JsonField{.name = "id"}};
  const JsonField& amount = fields[0];
  const JsonField& id = fields[1];

  JsonVerdict read(std::string_view body) { return read_json_fields(body, fields); }
};

TEST_F(JsonFields, FindsTheNamedFieldsAndIgnoresTheOthers) {
  EXPECT_EQ(read(R"({"x":[1,{"amount":7}],"amount":19.90,"y":{"id":"no"},"id":"a"})"),
            JsonVerdict::ok);
  EXPECT_EQ(amount.kind, Kind::number);
  EXPECT_EQ(amount.text, "19.90");
  EXPECT_EQ(id.kind, Kind::string);
  EXPECT_EQ(id.text, "a");
}

TEST_F(JsonFields, NamesTheFirstFieldOfTheOutermostObjectThatIsNotWanted) {
  std::optional<std::string> unknown;
  EXPECT_EQ(
      read_json_fields(R"({"id":"a","curr\u0065ncy":"USD","amount":1,"note":2})", fields, &unknown),
      JsonVerdict::ok);
  EXPECT_EQ(unknown, "currency");
  EXPECT_EQ(amount.text, "1") << "what comes after it is read";
  EXPECT_EQ(read_json_fields(R"({"":1})", fields, &unknown), JsonVerdict::ok);
  EXPECT_EQ(unknown, "");
  EXPECT_EQ(read_json_fields(R"({"id":{"x":1},"amount":[{"y":2}],"amount":3})", fields, &unknown),
            JsonVerdict::ok);
  EXPECT_EQ(unknown, std::nullopt) << "inner ones do not count, and a second one is known";
}

TEST_F(JsonFields, KeepsANumbersTextExactlyHoweverLongItIs) {
  const std::string digits = "1." + std::string(300, '0') + "1e-7";
  EXPECT_EQ(read(R"({"amount":)" + digits + "}"), JsonVerdict::ok);
  EXPECT_EQ(amount.text, digits);
}

TEST_F(JsonFields, UnescapesStringsAndKeys) {
  EXPECT_EQ(read(R"({"\u0069d":"\u0061\n\"b"})"), JsonVerdict::ok);
  EXPECT_EQ(id.text, "a\n\"b");
}

TEST_F(JsonFields, TellsTheKindsApart) {
  EXPECT_EQ(read(R"({"amount":"1","id":null})"), JsonVerdict::ok);
  EXPECT_EQ(amount.kind, Kind::string);
  EXPECT_EQ(id.kind, Kind::null);
  EXPECT_EQ(read(R"({"amount":[1],"id":{}})"), JsonVerdict::ok);
  EXPECT_EQ(amount.kind, Kind::array);
  EXPECT_EQ(amount.text, "");
  EXPECT_EQ(id.kind, Kind::object);
  EXPECT_EQ(read(R"({"amount":true})"), JsonVerdict::ok);
  EXPECT_EQ(amount.kind, Kind::boolean);
  EXPECT_EQ(amount.text, "true");
  EXPECT_EQ(id.kind, Kind::absent);
}

TEST_F(JsonFields, MarksADuplicateAndKeepsTheFirst) {
  EXPECT_EQ(read(R"({"amount":1,"amount":2})"), JsonVerdict::ok);
  EXPECT_TRUE(amount.duplicate);
  EXPECT_EQ(amount.text, "1");
}

TEST_F(JsonFields, RefusesWhatIsNotJson) {
  for (std::string_view body :
       {"", " ", "{", "{'id':1}", R"({"amount":NaN})", R"({"amount":01})", R"({"amount":+1})",
        R"({"amount":.5})", R"({"id":"a)", R"({"id":1,})", "{\"id\":\"\xff\"}", "\xef\xbb\xbf{}",
        "// x\n{}"}) {
    EXPECT_EQ(read(body), JsonVerdict::not_json) << body;
  }
  EXPECT_EQ(read(std::string(100, '[') + std::string(100, ']')), JsonVerdict::not_json);
}

TEST_F(JsonFields, NamesTheFieldWhoseExponentIsBeyondCounting) {
  for (std::string_view number : {"1e99999999999999999999", "1e-99999999999999999999"}) {
    EXPECT_EQ(read(R"({"id":"a","amount":)" + std::string(number) + "}"),
              JsonVerdict::exponent_too_large);
    EXPECT_EQ(amount.kind, Kind::number);
    EXPECT_EQ(amount.text, "");
  }
  EXPECT_EQ(read(R"({"other":1e99999999999999999999,"amount":1})"),
            JsonVerdict::exponent_too_large);
  EXPECT_EQ(amount.kind, Kind::absent);
}

TEST_F(JsonFields, RefusesTrailingBytesAndWhatIsNoObject) {
  EXPECT_EQ(read(R"({"id":"a"} x)"), JsonVerdict::trailing_bytes);
  EXPECT_EQ(read(R"({"id":"a"}{})"), JsonVerdict::trailing_bytes);
  EXPECT_EQ(read(R"({"id":"a"}  )"
                 "\r\n"),
            JsonVerdict::ok);
  for (std::string_view body : {"[]", "1", "\"id\"", "null", R"([{"id":"a"}])"}) {
    EXPECT_EQ(read(body), JsonVerdict::not_an_object) << body;
  }
}

}  // namespace
}  // namespace payswitch::http
