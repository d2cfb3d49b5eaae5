#include "api/payment_routes.h"

#include "api/api_fixture.h"

namespace payswitch::api {
namespace {

using http::Method;
using testing::Pair;
using testing::UnorderedElementsAre;

struct PaymentRoutesTest : ApiTest {
  Counters counters;
  PaymentRoutes routes{{}, *dispatcher, store, world, world, counters};
  Router router;

  PaymentRoutesTest() { routes.add_to(router); }

  std::shared_ptr<FakeClient> ask_for(Method method, std::string_view path,
                                      std::string_view query = {}, std::string_view body = {}) {
    return ask(router, {.method = method, .path = path, .query = query, .body = body});
  }
};

TEST_F(PaymentRoutesTest, EachPathHasItsHandler) {
  const std::string payment = "/payments/" + std::string(id_text);
  const std::string body = R"({"correlationId":")" + std::string(id_text) + R"(","amount":1})";
  EXPECT_EQ(ask_for(Method::post, "/payments", "", body)->status, 202u);
  EXPECT_TRUE(ask_for(Method::get, "/payments")->body.starts_with(R"({"payments":[)"));
  EXPECT_TRUE(ask_for(Method::get, "/payments-summary")->body.starts_with(R"({"default":)"));
  EXPECT_EQ(ask_for(Method::get, payment)->status, 404u);
  store.found = std::optional(view(payment::State::accepted));
  EXPECT_EQ(ask_for(Method::get, payment)->status, 200u);
}

TEST_F(PaymentRoutesTest, EachPathKnowsItsParametersAndNoOthers) {
  EXPECT_EQ(ask_for(Method::get, "/payments", "from=2025-06-15T00:00:00Z&cursor=x")->status, 200u);
  EXPECT_EQ(ask_for(Method::get, "/payments-summary", "to=2025-06-15T00:00:00Z")->status, 200u);
  EXPECT_THAT(*ask_for(Method::get, "/payments-summary", "cursor=x"),
              IsProblem(400, "invalid-parameter", "unknown parameter; known parameters: from, to",
                        "cursor"));
  EXPECT_THAT(
      *ask_for(Method::get, "/payments/" + std::string(id_text), "wiat=1s"),
      IsProblem(400, "invalid-parameter", "unknown parameter; did you mean 'wait'?", "wiat"));
  EXPECT_THAT(
      *ask_for(Method::post, "/payments", "amount=1", "{}"),
      IsProblem(400, "invalid-parameter", "unknown parameter; this path takes none", "amount"));
}

TEST_F(PaymentRoutesTest, AnotherMethodIs405WithThoseThatAreAllowed) {
  const auto allowed = [this](std::string_view path) {
    const auto client = ask_for(Method::del, path);
    EXPECT_THAT(*client, IsProblem(405, "method-not-allowed", "", ""));
    return client->fields;
  };
  EXPECT_THAT(allowed("/payments"), UnorderedElementsAre(Pair("Allow", "POST, GET, HEAD")));
  EXPECT_THAT(allowed("/payments-summary"), UnorderedElementsAre(Pair("Allow", "GET, HEAD")));
  EXPECT_THAT(allowed("/payments/x"), UnorderedElementsAre(Pair("Allow", "GET, HEAD")));
}

TEST_F(PaymentRoutesTest, TheStatusThatEndsWaitsIsTheOneThatIsAsked) {
  store.found = std::optional(view(payment::State::attempting));
  const auto client = ask_for(Method::get, "/payments/" + std::string(id_text), "wait=9s");
  EXPECT_EQ(client->status, 0u);
  routes.status().ended(id);
  world.run_for({});
  EXPECT_EQ(client->status, 200u);
}

}  // namespace
}  // namespace payswitch::api
