#include "api/status.h"

#include "api/api_fixture.h"

namespace payswitch::api {
namespace {

using namespace std::chrono_literals;
using payment::State;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

struct StatusTest : ApiTest {
  Status status{store, world};

  std::shared_ptr<FakeClient> get(std::string_view query = {}, std::string_view text = id_text,
                                  bool client_is_there = true) {
    auto client = std::make_shared<FakeClient>();
    client->is_there = client_is_there;
    status({.query = query}, text, http::Responder(client, 0));
    world.run_for({});
    return client;
  }
  void set_state(State state) { store.found = std::optional(view(state)); }
  static bool shows(const FakeClient& client, std::string_view state) {
    return client.status == 200 && client.body.contains("\"state\":\"" + std::string(state) + "\"");
  }
};

TEST_F(StatusTest, AKnownPaymentIsShown) {
  set_state(State::unknown);
  EXPECT_TRUE(shows(*get(), "unknown"));
  EXPECT_THAT(store.looked_for, testing::ElementsAre(id));
  EXPECT_THAT(store.looked_for_durably, IsEmpty());
}

TEST_F(StatusTest, AnUnknownOneIs404) {
  EXPECT_THAT(*get(), IsProblem(404, "unknown-payment", "", ""));
  EXPECT_THAT(*get("wait=1s"), IsProblem(404, "unknown-payment", "", "")) << "at once";
}

TEST_F(StatusTest, WhatIsNoUuidIs400) {
  EXPECT_THAT(*get({}, "x"),
              IsProblem(400, "invalid-parameter", "must be a UUID", "correlationId"));
  EXPECT_THAT(store.looked_for, IsEmpty());
}

TEST_F(StatusTest, AStoreThatIsAwayIs503) {
  store.found = std::unexpected(store::Unavailable{});
  for (const std::string_view query : {"", "wait=1s"}) {
    const auto client = get(query);
    EXPECT_THAT(*client, IsProblem(503, "store-unavailable", "", "")) << query;
    EXPECT_THAT(client->fields, UnorderedElementsAre(Pair("Retry-After", "1")));
  }
}

TEST_F(StatusTest, AWaitIsADurationOfAtMostSixtySeconds) {
  set_state(State::settled);
  EXPECT_EQ(get("wait=60s")->status, 200u);
  EXPECT_EQ(get("wait=0ms")->status, 200u);
  for (const std::string_view query : {"wait=60.001s", "wait=61s", "wait=5", "wait=", "wait=-1s"}) {
    EXPECT_THAT(*get(query),
                IsProblem(400, "invalid-parameter",
                          "must be a duration of at most 60s, such as 2s or 500ms", "wait"))
        << query;
  }
  EXPECT_THAT(*get("wait=1s&wait=1s"),
              IsProblem(400, "invalid-parameter", "appears more than once", "wait"));
}

TEST_F(StatusTest, WhatHasEndedDurablyIsAnsweredAtOnce) {
  for (const auto& [state, shown] :
       {std::pair(State::settled, "settled"), std::pair(State::parked, "parked")}) {
    set_state(state);
    EXPECT_TRUE(shows(*get("wait=60s"), shown));
  }
}

TEST_F(StatusTest, AWaitEndsWithThePayment) {
  set_state(State::attempting);
  const auto client = get("wait=2s");
  world.run_for(1s);
  EXPECT_EQ(client->status, 0u);
  set_state(State::settled);
  status.ended(id);
  world.run_for({});
  EXPECT_TRUE(shows(*client, "settled"));
  world.run_for(2s);  // its timer answers nothing once more
}

TEST_F(StatusTest, AWaitEndsWithItsTimeAndTheStateOfThen) {
  set_state(State::accepted);
  const auto client = get("wait=2s");
  set_state(State::attempting);
  world.run_for(2s - 1ms);
  EXPECT_EQ(client->status, 0u);
  world.run_for(1ms);
  EXPECT_TRUE(shows(*client, "attempting"));
  status.ended(id);  // nothing waits for it any more
}

TEST_F(StatusTest, AWaitEndsWhenTheClientSendsNoMore) {
  set_state(State::attempting);
  const auto client = get("wait=2s");
  client->end();
  world.run_for({});
  EXPECT_TRUE(shows(*client, "attempting"));
}

TEST_F(StatusTest, AClientThatHasEndedAlreadyIsAnsweredAtOnce) {
  set_state(State::attempting);
  EXPECT_TRUE(shows(*get("wait=2s", id_text, false), "attempting"));
}

TEST_F(StatusTest, OnlyThoseOfThisPaymentAreAnsweredByItsEnd) {
  set_state(State::attempting);
  const auto other = get("wait=2s", "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b4");
  const auto client = get("wait=2s");
  status.ended(id);
  world.run_for({});
  EXPECT_EQ(client->status, 200u);
  EXPECT_EQ(other->status, 0u);
  status.stop_waiting();
  world.run_for({});
}

TEST_F(StatusTest, SixteenMayWaitForOnePaymentAndTheNextIs503) {
  set_state(State::attempting);
  std::vector<std::shared_ptr<FakeClient>> waiting;
  for (std::size_t i = 0; i < Waiters::max_waiters_of_one; ++i) waiting.push_back(get("wait=9s"));
  const auto refused = get("wait=9s");
  EXPECT_THAT(*refused, IsProblem(503, "too-many-waiters", "", "wait"));
  EXPECT_THAT(refused->fields, UnorderedElementsAre(Pair("Retry-After", "1")));
  EXPECT_EQ(get()->status, 200u) << "it may ask without waiting";
  status.ended(id);
  world.run_for({});
  for (const auto& client : waiting) EXPECT_EQ(client->status, 200u);
}

TEST_F(StatusTest, AllAreAnsweredWhenTheSwitchStopsAndNobodyWaitsFromThenOn) {
  set_state(State::attempting);
  const auto client = get("wait=60s");
  status.stop_waiting();
  world.run_for({});
  EXPECT_TRUE(shows(*client, "attempting"));
  EXPECT_TRUE(shows(*get("wait=60s"), "attempting"));
}

}  // namespace
}  // namespace payswitch::api
