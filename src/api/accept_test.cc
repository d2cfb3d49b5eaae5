#include "api/accept.h"

#include "api/api_fixture.h"

namespace payswitch::api {
namespace {

using http::Field;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

struct AcceptTest : ApiTest {
  Counters counters;
  Options options;

  std::shared_ptr<FakeClient> post(std::string_view body, std::vector<Field> fields = {}) {
    Accept accept(options, *dispatcher, world, counters);
    return ask(accept,
               {.method = http::Method::post, .path = "/payments", .fields = fields, .body = body});
  }
  std::shared_ptr<FakeClient> pay(std::string_view amount, std::vector<Field> fields = {}) {
    return post(R"({"correlationId":")" + std::string(id_text) + R"(","amount":)" +
                    std::string(amount) + "}",
                std::move(fields));
  }
};

TEST_F(AcceptTest, ANewPaymentIs202) {
  const auto client = pay("19.90");
  EXPECT_EQ(client->status, 202u);
  EXPECT_EQ(client->body, R"({"message":"Payment processed successfully"})");
  EXPECT_THAT(client->fields, IsEmpty());
  ASSERT_EQ(store.acceptances.size(), 1u);
  EXPECT_EQ(store.acceptances[0].id, id);
  EXPECT_EQ(store.acceptances[0].amount.cents(), 1990);
  EXPECT_TRUE(store.acceptances[0].admit_new);
}

TEST_F(AcceptTest, NothingIsAnsweredBeforeTheStoreHasSpoken) {
  Accept accept(options, *dispatcher, world, counters);
  auto client = std::make_shared<FakeClient>();
  const std::string body = R"({"correlationId":")" + std::string(id_text) + R"(","amount":1})";
  accept({.method = http::Method::post, .body = body}, http::Responder(client, 0));
  EXPECT_EQ(client->status, 0u);
  EXPECT_EQ(counters.accept.count(), 0u);
  world.run_for({});
  EXPECT_EQ(client->status, 202u);
  EXPECT_EQ(counters.accept.count(), 1u);
}

TEST_F(AcceptTest, AReplayIs202AndSaysSo) {
  store.verdict = store::Verdict::replayed;
  const auto client = pay("19.90");
  EXPECT_EQ(client->status, 202u);
  EXPECT_THAT(client->fields, UnorderedElementsAre(Pair("Idempotent-Replayed", "true")));
}

TEST_F(AcceptTest, AnotherAmountIs422) {
  store.verdict = store::Verdict::conflict;
  EXPECT_THAT(*pay("19.91"),
              IsProblem(422, "amount-conflict", "a correlationId identifies one payment for ever",
                        "amount"));
}

TEST_F(AcceptTest, WhatTheStoreDoesNotAdmitIs503AndMayBeSentAgainInASecond) {
  store.verdict = store::Verdict::not_admitted;
  const auto client = pay("19.90");
  EXPECT_THAT(*client, IsProblem(503, "not-admitted",
                                 "the payment was not accepted; send it again later", ""));
  EXPECT_THAT(client->fields, UnorderedElementsAre(Pair("Retry-After", "1")));
}

TEST_F(AcceptTest, AStoreThatIsAwayIs503AndNothingIsPromised) {
  store.verdict = store::Verdict::unavailable;
  const auto client = pay("19.90");
  EXPECT_THAT(*client, IsProblem(503, "store-unavailable",
                                 "the payment may have been accepted, or not; send it again", ""));
  EXPECT_THAT(client->fields, UnorderedElementsAre(Pair("Retry-After", "1")));
}

TEST_F(AcceptTest, BeyondTheLimitOfOpenPaymentsOnlyKnownOnesAreAskedFor) {
  dispatcher = make_dispatcher({.max_open_payments = 2});
  store.counted.by_state[static_cast<std::size_t>(payment::State::accepted)] = 1;
  pay("1");
  store.counted.by_state[static_cast<std::size_t>(payment::State::accepted)] = 2;
  pay("1");
  ASSERT_EQ(store.acceptances.size(), 2u);
  EXPECT_TRUE(store.acceptances[0].admit_new);
  EXPECT_FALSE(store.acceptances[1].admit_new);
}

TEST_F(AcceptTest, WhileItStopsOnlyKnownOnesAreAskedFor) {
  dispatcher->stop();
  pay("1");
  ASSERT_EQ(store.acceptances.size(), 1u);
  EXPECT_FALSE(store.acceptances[0].admit_new);
}

TEST_F(AcceptTest, ABodyThatIsNoJsonObjectIs400) {
  EXPECT_THAT(*post(""), IsProblem(400, "malformed-json", "is not valid JSON", ""));
  EXPECT_THAT(*post("hello"), IsProblem(400, "malformed-json", "is not valid JSON", ""));
  EXPECT_THAT(*post("[]"), IsProblem(400, "malformed-json", "must be a JSON object", ""));
  EXPECT_THAT(*post("{} {}"),
              IsProblem(400, "malformed-json", "has more after the JSON object", ""));
  EXPECT_THAT(store.acceptances, IsEmpty());
}

TEST_F(AcceptTest, AFieldThatIsMissingOrInvalidIs400AndNamed) {
  const std::string good = R"("correlationId":")" + std::string(id_text) + "\"";
  const auto is = [](std::string_view detail, std::string_view field) {
    return IsProblem(400, "invalid-field", std::string(detail), std::string(field));
  };
  EXPECT_THAT(*post(R"({"amount":1})"), is("is missing", "correlationId"));
  EXPECT_THAT(*post("{" + good + "}"), is("is missing", "amount"));
  EXPECT_THAT(*post(R"({"correlationId":7,"amount":1})"), is("must be a string", "correlationId"));
  EXPECT_THAT(*post(R"({"correlationId":"x","amount":1})"), is("must be a UUID", "correlationId"));
  EXPECT_THAT(*pay("\"1\""), is("must be a number", "amount"));
  EXPECT_THAT(*pay("null"), is("must be a number", "amount"));
  EXPECT_THAT(*pay("1,\"amount\":1"), is("appears more than once", "amount"));
  EXPECT_THAT(*pay("1," + good), is("appears more than once", "correlationId"));
  EXPECT_THAT(store.acceptances, IsEmpty());
}

TEST_F(AcceptTest, AnAmountIsWithinItsLimits) {
  EXPECT_EQ(pay("0.01")->status, 202u);
  EXPECT_EQ(pay("9999999999.99")->status, 202u);
  EXPECT_THAT(*pay("0"), IsProblem(400, "invalid-field", "must be greater than zero", "amount"));
  EXPECT_THAT(*pay("-0.01"),
              IsProblem(400, "invalid-field", "must be greater than zero", "amount"));
  EXPECT_THAT(*pay("10000000000"), IsProblem(400, "invalid-field", "is too large", "amount"));
  EXPECT_THAT(*pay("0.001"),
              IsProblem(400, "invalid-field", "has more than two decimal places", "amount"));
  EXPECT_THAT(*pay("1e99999999999999999999"),
              IsProblem(400, "invalid-field", "has an exponent that is too large", "amount"));
}

TEST_F(AcceptTest, AnExponentThatIsTooLargeInAnotherFieldIsNoFaultOfAKnownOne) {
  EXPECT_THAT(*post(R"({"x":1e99999999999999999999})"),
              IsProblem(400, "malformed-json", "has an exponent that is too large", ""));
}

TEST_F(AcceptTest, AnUnknownFieldIs400AndNothingIsAccepted) {
  EXPECT_THAT(*pay(R"(1,"currency":"USD")"),
              IsProblem(400, "invalid-field", "unknown field; known fields: correlationId, amount",
                        "currency"));
  EXPECT_THAT(*pay(R"(1,"amout":2)"),
              IsProblem(400, "invalid-field", "unknown field; did you mean 'amount'?", "amout"));
  EXPECT_THAT(store.acceptances, IsEmpty());
}

TEST_F(AcceptTest, AnUnknownFieldIsLeftOutWhereTheOperatorSaysSo) {
  options.refuse_unknown_fields = false;
  EXPECT_EQ(pay(R"(1,"currency":"USD")")->status, 202u);
}

TEST_F(AcceptTest, AnotherMediaTypeIs415) {
  EXPECT_EQ(pay("1", {{"content-type", "application/json; charset=UTF-8"}})->status, 202u);
  EXPECT_THAT(*pay("1", {{"Content-Type", "text/plain"}}),
              IsProblem(415, "unsupported-media-type", "", ""));
  EXPECT_THAT(*pay("1", {{"Content-Type", "application/json; charset=latin1"}}),
              IsProblem(415, "unsupported-media-type", "must be UTF-8", "Content-Type"));
  EXPECT_THAT(*pay("1", {{"Content-Type", "application/json"}, {"Content-Type", "text/plain"}}),
              IsProblem(415, "unsupported-media-type", "", ""));
}

TEST_F(AcceptTest, ABodyThatIsCodedIs415AndTheOneCodingIsNamed) {
  EXPECT_EQ(pay("1", {{"Content-Encoding", "Identity"}})->status, 202u);
  EXPECT_EQ(pay("1", {{"Content-Encoding", ""}})->status, 202u);
  const auto client = pay("1", {{"content-encoding", "gzip"}});
  EXPECT_THAT(*client, IsProblem(415, "unsupported-media-type", "must be absent or identity",
                                 "Content-Encoding"));
  EXPECT_THAT(client->fields, UnorderedElementsAre(Pair("Accept-Encoding", "identity")));
}

}  // namespace
}  // namespace payswitch::api
