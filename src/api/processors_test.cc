#include "api/processors.h"

#include "api/processors_fixture.h"

namespace payswitch::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct ListedProcessors : ProcessorsTest {
  std::string list() {
    return ask(
               [this](const auto&, auto respond) {
                 list_processors(*dispatcher, store, world, std::move(respond));
               },
               {.path = "/processors"})
        ->body;
  }
};

TEST_F(ListedProcessors, ThereMayBeNone) {
  EXPECT_EQ(list(), "[]");
}

TEST_F(ListedProcessors, AConfiguredOneIsShownWithItsHealthAndItsLimits) {
  dispatcher = make_dispatcher({}, one_upstream());
  EXPECT_EQ(list(), R"([{"name":"default","url":"http://virtual","configured":true,"fee":0.05,)"
                    R"("breaker":{"state":"closed","why":null},"health":null,"inFlight":0,)"
                    R"("limit":64,"maxInFlight":800}])");
  processor.say_failing(true);
  dispatcher->start();
  world.run_for(std::chrono::seconds(1));
  EXPECT_THAT(list(), HasSubstr(R"("health":{"failing":true,"minResponseTime":0,"ageMs":)"));
}

TEST_F(ListedProcessors, AnOpenBreakerSaysWhy) {
  dispatcher = make_dispatcher({}, one_upstream());
  processor.say_failing(true);
  dispatcher->start();
  world.run_for(std::chrono::seconds(1));
  const std::string listed = list();
  EXPECT_THAT(listed, HasSubstr(R"("breaker":{"state":"open","why":")"));
}

TEST_F(ListedProcessors, OneThatIsNotConfiguredIsShownWithWhatIsOpenThere) {
  leave_open_at(1);
  store.kept.origins = {"http://virtual:80", "http://gone:80"};
  dispatcher = make_dispatcher({}, one_upstream());
  dispatcher->start();
  const std::string listed = list();
  EXPECT_THAT(listed, StartsWith(R"([{"name":"default",)"));
  EXPECT_THAT(listed, HasSubstr(R"(},{"name":"gone","url":null,"configured":false,)"
                                R"("origin":"http://gone:80","open":{"payments":1,)"
                                R"("amount":19.90}}])"));
}

TEST_F(ListedProcessors, OfOneWithoutANameItsNumberIsShown) {
  leave_open_at(7);
  dispatcher = make_dispatcher({}, one_upstream());
  dispatcher->start();
  EXPECT_THAT(list(), HasSubstr(R"({"name":"7","url":null,"configured":false,"origin":null,)"));
}

}  // namespace
}  // namespace payswitch::api
