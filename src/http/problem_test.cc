#include "http/problem.h"

#include <gtest/gtest.h>

#include <array>

namespace payswitch::http {
namespace {

Problem about(std::string detail, std::string_view field = {}) {
  return {.status = 400,
          .slug = "invalid-field",
          .title = "A field is invalid",
          .detail = std::move(detail),
          .field = field};
}

std::string detail_as_json(std::string detail) {
  const std::string json = to_json(about(std::move(detail)));
  const auto start = json.find("\"detail\":") + 9;
  return json.substr(start, json.size() - 1 - start);
}

TEST(Problem, AllMembersAreWritten) {
  EXPECT_EQ(to_json(about("must be positive", "amount")),
            R"({"type":"urn:payswitch:problem:invalid-field","title":"A field is invalid",)"
            R"("status":400,"detail":"must be positive","field":"amount"})");
}

TEST(Problem, EmptyDetailAndFieldAreLeftOut) {
  EXPECT_EQ(to_json(about("")), R"({"type":"urn:payswitch:problem:invalid-field",)"
                                R"("title":"A field is invalid","status":400})");
}

TEST(Problem, QuotesBackslashesAndControlsAreEscaped) {
  EXPECT_EQ(detail_as_json("a\"b\\c\nd\x01"), R"("a\"b\\c\u000ad\u0001")");
}

TEST(Problem, WellFormedUtf8IsKept) {
  EXPECT_EQ(detail_as_json("é€😀"), "\"é€😀\"");
}

TEST(Problem, WhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(detail_as_json("\xff"), R"("\ufffd")");
  EXPECT_EQ(detail_as_json("\xc3"), R"("\ufffd")") << "cut short";
  EXPECT_EQ(detail_as_json("\xc0\x80"), R"("\ufffd\ufffd")") << "overlong";
  EXPECT_EQ(detail_as_json("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")") << "a surrogate";
  EXPECT_EQ(detail_as_json("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")") << "too high";
}

class LastAnswer final : public ResponseSink {
 public:
  void respond(std::uint64_t, const Response& response) override {
    status = response.status;
    content_type = response.content_type;
    first_field = std::string{response.fields[0].name};
  }
  unsigned status = 0;
  std::string content_type;
  std::string first_field;
};

TEST(Problem, AnsweringSendsItsStatusItsTypeAndTheFields) {
  const auto sink = std::make_shared<LastAnswer>();
  const std::array fields{Field{"Allow", "GET"}};
  respond_with_problem(Responder{sink, 0}, about("x"), fields);
  EXPECT_EQ(sink->status, 400u);
  EXPECT_EQ(sink->content_type, "application/problem+json");
  EXPECT_EQ(sink->first_field, "Allow");
}

}  // namespace
}  // namespace payswitch::http
