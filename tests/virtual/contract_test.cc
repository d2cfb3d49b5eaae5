#include <gtest/gtest.h>

#include "tests/virtual/town.h"

// What the outside sees of the routes, without sockets: tests/e2e asks the same of the real
// process.
namespace payswitch::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view id = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3";

struct Contract : testing::Test {
  Town town;

  Contract() { town.world.run_for(seconds(1)); }

  Received ask(http::Method method, std::string_view target, std::string_view body = "") {
    Received received;
    town.request(method, target, body, received);
    EXPECT_TRUE(town.world.run_until([&] { return received.status != 0; }));
    return received;
  }
  Received pay(std::string_view payment_id, std::string_view amount) {
    return ask(http::Method::post, "/payments",
               R"({"correlationId":")" + std::string(payment_id) + R"(","amount":)" +
                   std::string(amount) + "}");
  }
  Received get(std::string_view target) { return ask(http::Method::get, target); }
  void expect_problem(const Received& received, unsigned status, std::string_view part) {
    EXPECT_EQ(received.status, status) << received.body;
    EXPECT_NE(received.body.find(part), std::string::npos) << received.body;
  }
};

TEST_F(Contract, TheSameAmountInAnyNotationIsAReplay) {
  EXPECT_FALSE(pay(id, "19.9").replayed);
  for (std::string_view same : {"19.90", "19.900", "1.99e1", "1990e-2"}) {
    const Received again = pay(id, same);
    EXPECT_EQ(again.status, 202u) << same;
    EXPECT_TRUE(again.replayed) << same;
  }
  EXPECT_TRUE(pay("4A7901B8-7D26-4D9D-AA19-4DC1C7CF60B3", "19.9").replayed);
  expect_problem(pay(id, "19.91"), 422, "amount-conflict");
}

TEST_F(Contract, ABadPaymentIs400AndNamesTheField) {
  const auto post = [&](std::string_view body) {
    return ask(http::Method::post, "/payments", body);
  };
  const std::string good_id = R"("correlationId":")" + std::string(id) + "\"";
  expect_problem(post("nonsense"), 400, "malformed-json");
  expect_problem(post("[]"), 400, "malformed-json");
  expect_problem(post("{" + good_id + R"(,"amount":1} x)"), 400, "malformed-json");
  expect_problem(post(R"({"amount":1})"), 400, R"("field":"correlationId")");
  expect_problem(post("{" + good_id + "}"), 400, R"("field":"amount")");
  expect_problem(post("{" + good_id + R"(,"amount":"1"})"), 400, R"("field":"amount")");
  expect_problem(post(R"({"correlationId":7,"amount":1})"), 400, R"("field":"correlationId")");
  expect_problem(post("{" + good_id + "," + good_id + R"(,"amount":1})"), 400,
                 R"("field":"correlationId")");
  expect_problem(post("{" + good_id + R"(,"amount":1,"amount":1})"), 400, R"("field":"amount")");
  expect_problem(pay("not-a-uuid", "1"), 400, R"("field":"correlationId")");
  for (std::string_view amount : {"0", "-1", "0.001", "1e-3", "1.999", "10000000000", "1e400"}) {
    expect_problem(pay(id, amount), 400, R"("field":"amount")");
  }
  expect_problem(pay(id, "NaN"), 400, "malformed-json");
  EXPECT_EQ(town.process->store().counters().open(), 0u);
}

TEST_F(Contract, AnUnknownFieldIs400AndNamedAndThePaymentIsNotKept) {
  const std::string good = R"("correlationId":")" + std::string(id) + R"(","amount":19.90)";
  const auto post = [&](std::string_view more) {
    return ask(http::Method::post, "/payments", "{" + good + std::string(more) + "}");
  };
  const Received refused = post(R"(,"currency":"USD")");
  expect_problem(refused, 400, R"("type":"urn:payswitch:problem:invalid-field")");
  expect_problem(refused, 400, R"("detail":"unknown field; known fields: correlationId, amount")");
  expect_problem(refused, 400, R"("field":"currency")");
  expect_problem(post(R"(,"x":{"amount":[1]})"), 400, R"("field":"x")");
  expect_problem(post(R"(,"":1)"), 400, "unknown field");
  const std::string bare = R"({"correlationId":")" + std::string(id) + "\"";
  expect_problem(ask(http::Method::post, "/payments", bare + R"(,"amout":1})"), 400,
                 R"("detail":"unknown field; did you mean 'amount'?","field":"amout")");
  expect_problem(ask(http::Method::post, "/payments", bare + R"(,"Amount":1})"), 400,
                 R"("detail":"unknown field; did you mean 'amount'?","field":"Amount")");
  EXPECT_EQ(town.process->store().counters().open(), 0u);
  EXPECT_EQ(pay(id, "19.90").status, 202u);
}

TEST_F(Contract, TheNameOfAnUnknownFieldIsEscapedAndCut) {
  const auto post = [&](std::string_view name) {
    return ask(http::Method::post, "/payments", R"({")" + std::string(name) + R"(":1})");
  };
  expect_problem(post(R"(a\"\n\u009b)"), 400, R"("field":"a\"\u000a\u009b"})");
  expect_problem(post(std::string(1000, 'x')), 400,
                 R"("field":")" + std::string(64, 'x') + R"("})");
}

TEST_F(Contract, AnUnknownParameterIs400AndNamedOnEveryRoute) {
  expect_problem(
      get("/payments?state=unknown"), 400,
      R"("detail":"unknown parameter; known parameters: from, to, cursor","field":"state")");
  const Received form = get("/payments-summary?form=2020-01-01T00:00:00Z");
  expect_problem(form, 400, R"("type":"urn:payswitch:problem:invalid-parameter")");
  expect_problem(form, 400, R"("detail":"unknown parameter; did you mean 'from'?","field":"form")");
  expect_problem(get("/payments/" + std::string(id) + "?wiat=1s"), 400, "did you mean 'wait'?");
  expect_problem(ask(http::Method::post, "/payments?amount=1", "{}"), 400,
                 R"("detail":"unknown parameter; this path takes none","field":"amount")");
}

TEST_F(Contract, TheSummaryHasBothKeysWithTwoPlacesAlsoWhenThereIsNothing) {
  EXPECT_EQ(get("/payments-summary").body, R"({"default":{"totalRequests":0,"totalAmount":0.00},)"
                                           R"("fallback":{"totalRequests":0,"totalAmount":0.00}})");
}

TEST_F(Contract, TheSummaryRoundsFromUpAndToDownToTheMillisecond) {
  pay(id, "19.9");
  ASSERT_TRUE(town.drains());
  const std::string at = payment::format_iso8601(town.cheap.books().begin()->second.requested_at);
  const std::string digits = at.substr(0, at.size() - 1);
  const auto count = [&](const std::string& query) {
    return get("/payments-summary?" + query).body.find(R"("totalRequests":1)") != std::string::npos;
  };
  EXPECT_TRUE(count("from=" + at + "&to=" + at));
  EXPECT_TRUE(count("from=" + digits + "&to=" + digits + "999"));
  EXPECT_FALSE(count("from=" + digits + "0001Z&to=" + digits + "999Z"));
}

TEST_F(Contract, ABadTimeOrFromAfterToIs400AndNamesTheParameter) {
  expect_problem(get("/payments-summary?from=yesterday"), 400, R"("field":"from")");
  expect_problem(get("/payments-summary?to="), 400, R"("field":"to")");
  expect_problem(get("/payments-summary?from=2025-07-08T12:00:01Z&to=2025-07-08T12:00:00Z"), 400,
                 R"("field":"from")");
  EXPECT_EQ(get("/payments-summary?from=2025-07-08T12:00:00Z&to=2025-07-08T12:00:00Z").status,
            200u);
}

TEST_F(Contract, AnUnknownPaymentIs404AndABadIdIs400) {
  expect_problem(get("/payments/" + std::string(id)), 404, "unknown-payment");
  expect_problem(get("/payments/xyz"), 400, R"("field":"correlationId")");
}

TEST_F(Contract, TheListShowsThePaymentsBehindASum) {
  pay(id, "19.9");
  town.world.run_for(seconds(1));
  const std::string one = get("/payments/" + std::string(id)).body;
  EXPECT_NE(one.find(R"("bookedAmount":19.90,"finding":false)"), std::string::npos) << one;
  const std::string list = R"({"payments":[)" + one + R"(],"next":null})";
  EXPECT_EQ(get("/payments").body, list);
  EXPECT_EQ(get("/payments?from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z").body, list);
  EXPECT_EQ(get("/payments?from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00Z").body,
            R"({"payments":[],"next":null})");
  expect_problem(get("/payments?cursor=7"), 400, R"("field":"cursor")");
  expect_problem(get("/payments?to=7"), 400, R"("field":"to")");
}

TEST_F(Contract, WaitAnswersAsSoonAsThePaymentIsSettled) {
  town.cheap.next({.delay = milliseconds(700)});
  pay(id, "19.9");
  const auto begun = town.world.now();
  const Received status = get("/payments/" + std::string(id) + "?wait=10s");
  EXPECT_NE(status.body.find(R"("state":"settled")"), std::string::npos) << status.body;
  EXPECT_LT(town.world.now() - begun, seconds(1));
}

TEST_F(Contract, WaitAnswersWithTheStateOfThenWhenTimeIsOver) {
  town.cheap.next({.delay = seconds(30)});
  pay(id, "19.9");
  const auto begun = town.world.now();
  const Received status = get("/payments/" + std::string(id) + "?wait=500ms");
  EXPECT_NE(status.body.find(R"("state":"attempting")"), std::string::npos) << status.body;
  EXPECT_EQ(town.world.now() - begun, milliseconds(500));
}

TEST_F(Contract, WaitIsATimeUpToAMinute) {
  pay(id, "19.9");
  ASSERT_TRUE(town.drains());
  const std::string path = "/payments/" + std::string(id);
  EXPECT_EQ(get(path + "?wait=60s").status, 200u);
  for (std::string_view wait : {"60001ms", "2", "soon", "-1s"}) {
    expect_problem(get(path + "?wait=" + std::string(wait)), 400, R"("field":"wait")");
  }
}

TEST(Limits, OneBeyondTheOpenPaymentsIs503AndReplaysAreStillAnswered) {
  Town town(1, {.dispatch = {.max_open_payments = 3}});
  town.cheap.set_up(false);
  town.dear.set_up(false);
  for (int n = 1; n <= 4; ++n) {
    town.pay(n);
    town.world.run_for(milliseconds(10));
  }
  EXPECT_EQ(town.received(3).status, 202u);
  EXPECT_EQ(town.received(4).status, 503u);
  town.pay(2);
  town.world.run_for(milliseconds(10));
  EXPECT_TRUE(town.received(2).replayed);
  town.cheap.set_up(true);
  ASSERT_TRUE(town.drains());
  town.pay(4);
  ASSERT_TRUE(town.drains());
  EXPECT_EQ(town.received(4).status, 202u);
  town.expect_books_equal();
}

TEST(Patience, HoldsForTheCheapOneAndNotLongerThanItSays) {
  Town town(1, {.policy = {.patience = seconds(10)}});
  town.world.run_for(seconds(1));
  town.cheap.usually(VirtualProcessor::refuse());
  town.pay(1);
  town.world.run_for(seconds(9));
  EXPECT_EQ(town.dear.posts(), 0);
  EXPECT_TRUE(town.drains(seconds(2)));
  EXPECT_EQ(town.dear.books().size(), 1u);
}

TEST(MaxProcessingTime, FreesAPaymentThatIsNotInTheBooksAfterIt) {
  Town town(1, {.max_processing_time = seconds(20)});
  town.world.run_for(seconds(1));
  town.cheap.next({.book = false, .silent = true});
  town.cheap.usually(VirtualProcessor::refuse());
  town.pay(1);
  town.world.run_for(seconds(15));
  EXPECT_EQ(town.dear.posts(), 0);
  EXPECT_TRUE(town.drains(seconds(60)));
  EXPECT_EQ(town.dear.books().size(), 1u);
  town.expect_books_equal();
}

// The process is stopped after it has handed a POST over, and before the turn's end, when it is
// written: the limit runs from the write.
TEST(MaxProcessingTime, RunsFromTheWriteOfThePostAlsoWhenTheProcessWasStoppedBeforeIt) {
  Town town(1, {.max_processing_time = seconds(20)});
  town.world.run_for(seconds(1));
  town.cheap.next({.book = false, .answer = std::unexpected(http::Failure::cut)});
  town.cheap.usually({.book = false, .answer = std::unexpected(http::Failure::cut)});
  town.pay(1);
  auto& upstream = town.process->dispatcher().upstreams()[0];
  ASSERT_TRUE(town.world.run_until([&] { return upstream.channel().posts_outstanding() == 1; }));
  town.process->sleep();
  town.world.run_for(seconds(25));
  town.process->wake_up();
  town.world.run_for(seconds(15));
  EXPECT_GT(town.cheap.gets(), 0);
  EXPECT_EQ(town.dear.posts(), 0);
}

}  // namespace
}  // namespace payswitch::lab
