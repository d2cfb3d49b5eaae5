#include "api/greeting.h"

#include "api/api_fixture.h"

namespace payswitch::api {
namespace {

using GreetingTest = ApiTest;

TEST_F(GreetingTest, HasTheTimeOfNow) {
  world.run_for(std::chrono::milliseconds(7));
  const auto client =
      ask([this](const auto&, auto respond) { greet(world, std::move(respond)); }, {.path = "/"});
  EXPECT_EQ(client->status, 200u);
  EXPECT_EQ(client->content_type, "application/json");
  EXPECT_EQ(client->body,
            R"({"message":"Hello, World!","status":"success","timestamp":1749945600007})");
}

}  // namespace
}  // namespace payswitch::api
