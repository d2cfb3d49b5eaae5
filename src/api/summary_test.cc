#include "api/summary.h"

#include "api/api_fixture.h"

namespace payswitch::api {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

struct SummaryTest : ApiTest {
  std::shared_ptr<FakeClient> get(std::string_view query = {}) {
    Summary summary(*dispatcher, store, world);
    return ask(summary, {.path = "/payments-summary", .query = query});
  }
};

payment::Total total(std::uint64_t count, std::int64_t cents) {
  return {.count = count, .cents = cents};
}

TEST_F(SummaryTest, DefaultAndFallbackAreAlwaysThere) {
  const auto client = get();
  EXPECT_EQ(client->status, 200u);
  EXPECT_EQ(client->body, R"({"default":{"totalRequests":0,"totalAmount":0.00},)"
                          R"("fallback":{"totalRequests":0,"totalAmount":0.00}})");
}

TEST_F(SummaryTest, OtherProcessorsFollowInTheOrderOfTheStore) {
  store.processor_names = {"zebra", "fallback", "ant"};
  store.sums = store::Summary{{total(1, 100), total(2, 398), total(3, 5)}};
  EXPECT_EQ(get()->body, R"({"default":{"totalRequests":0,"totalAmount":0.00},)"
                         R"("fallback":{"totalRequests":2,"totalAmount":3.98},)"
                         R"("zebra":{"totalRequests":1,"totalAmount":1.00},)"
                         R"("ant":{"totalRequests":3,"totalAmount":0.05}})");
}

TEST_F(SummaryTest, OfANameThatHasComeSinceNothingIsSaid) {
  store.processor_names = {"default", "new"};
  store.sums = store::Summary{{total(1, 100)}};
  EXPECT_EQ(get()->body, R"({"default":{"totalRequests":1,"totalAmount":1.00},)"
                         R"("fallback":{"totalRequests":0,"totalAmount":0.00}})");
}

TEST_F(SummaryTest, TheWindowIsThatOfTheQuery) {
  get("from=2025-06-15T00:00:00.0001Z&to=2025-06-15T00:00:01.9999Z");
  ASSERT_EQ(store.windows.size(), 1u);
  EXPECT_EQ(store.windows[0].from.value, lab::World::default_wall.value + 1);
  EXPECT_EQ(store.windows[0].to.value, lab::World::default_wall.value + 1'999);
}

TEST_F(SummaryTest, AWindowThatCannotBeIs400AndTheStoreIsNotAsked) {
  EXPECT_THAT(*get("from=now"), IsProblem(400, "invalid-parameter",
                                          "must be an ISO 8601 time, such as "
                                          "2025-07-08T12:34:56.789Z",
                                          "from"));
  EXPECT_THAT(store.windows, IsEmpty());
}

TEST_F(SummaryTest, SaysUpToWhereItIsFinal) {
  EXPECT_THAT(get("to=2025-06-14T00:00:00Z")->fields,
              UnorderedElementsAre(Pair("Payswitch-Final-Until", "2025-06-14T00:00:00.000Z")));
  EXPECT_THAT(get()->fields,
              UnorderedElementsAre(Pair("Payswitch-Final-Until", "2025-06-15T00:00:00.000Z")))
      << "never beyond now";
}

// Another instance that cannot be heard.
struct Unheard final : store::Peers {
  void listen(Events) override {}
  void claim_poll(payment::ProcessorNumber, platform::Duration, Claimed) override {}
  bool may_issue() const override { return true; }
  void confirm(payment::UtcMs, Confirmed done) override { done(std::nullopt); }
  bool keeps_what_is_told() const override { return true; }
  void tell_health(payment::ProcessorNumber, const Health&) override {}
};

TEST_F(SummaryTest, WhereNothingIsKnownToBeFinalThereIsNoField) {
  Unheard others;
  dispatcher = std::make_unique<dispatch::Dispatcher>(
      dispatch::Options{}, routing::PolicyOptions{},
      dispatch::Dispatcher::Dependencies{store, others, {world, world, world, random, log}},
      std::vector<std::unique_ptr<dispatch::Upstream>>{}, [](const payment::CorrelationId&) {});
  const auto client = get();
  EXPECT_EQ(client->status, 200u);
  EXPECT_THAT(client->fields, IsEmpty());
}

TEST_F(SummaryTest, AStoreThatIsAwayIs503) {
  store.sums = std::unexpected(store::Unavailable{});
  const auto client = get();
  EXPECT_THAT(*client, IsProblem(503, "store-unavailable", "", ""));
  EXPECT_THAT(client->fields, UnorderedElementsAre(Pair("Retry-After", "1")));
}

}  // namespace
}  // namespace payswitch::api
