#include "api/readiness.h"

#include "api/processors_fixture.h"

namespace payswitch::api {
namespace {

struct Readiness : ProcessorsTest {
  std::shared_ptr<FakeClient> ready() {
    return ask(
        [this](const auto&, auto respond) {
          app::answer_readyz(*dispatcher, store, "fsync", std::move(respond));
        },
        {.path = "/readyz"});
  }
};

TEST_F(Readiness, TheSwitchIsHealthyWhateverElseIsWrong) {
  store.available = false;
  const auto client =
      ask([](const auto&, auto respond) { app::answer_healthz(std::move(respond)); }, {});
  EXPECT_EQ(client->status, 200u);
  EXPECT_EQ(client->body, R"({"status":"ok"})");
}

TEST_F(Readiness, IsReadyWithAProcessorAndAStore) {
  dispatcher = make_dispatcher({}, one_upstream());
  const auto client = ready();
  EXPECT_EQ(client->status, 200u);
  EXPECT_EQ(client->body, R"({"status":"ready","durability":"fsync"})");
}

TEST_F(Readiness, IsNotReadyWithoutProcessors) {
  EXPECT_THAT(*ready(),
              IsProblem(503, "not-ready",
                        "no processors are configured: payments are accepted and not sent", ""));
}

TEST_F(Readiness, IsNotReadyWhileTheStoreIsAway) {
  dispatcher = make_dispatcher({}, one_upstream());
  store.available = false;
  EXPECT_THAT(*ready(), IsProblem(503, "not-ready",
                                  "the store cannot be reached: new payments are refused", ""));
  store.available = true;
  EXPECT_EQ(ready()->status, 200u);
}

TEST_F(Readiness, IsNotReadyWhileItStops) {
  dispatcher = make_dispatcher({}, one_upstream());
  dispatcher->stop();
  EXPECT_THAT(*ready(), IsProblem(503, "not-ready", "the switch is stopping", ""));
}

TEST_F(Readiness, ARestoredStoreIsReadyAndSaysSo) {
  dispatcher = make_dispatcher({.restored = dispatch::Restored::yes}, one_upstream());
  EXPECT_EQ(ready()->body, R"({"status":"ready","durability":"fsync","restored":true})");
  dispatcher = make_dispatcher({.restored = dispatch::Restored::ending}, one_upstream());
  EXPECT_EQ(ready()->body, R"({"status":"ready","durability":"fsync"})");
}

TEST_F(Readiness, NamesTheProcessorsThatAreMissing) {
  leave_open_at(1);
  dispatcher = make_dispatcher({}, one_upstream());
  dispatcher->start();
  EXPECT_EQ(ready()->body, R"({"status":"ready","durability":"fsync","notConfigured":["gone"]})");
}

}  // namespace
}  // namespace payswitch::api
