#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "testing/simulator/virtual_switch.h"
#include "testing/world/log.h"
#include "testing/world/processor.h"
#include "testing/world/redis.h"

// Two whole switches on one virtual Redis: what crosses store, dispatch and processor when payments
// change hands (PROTOCOL 7).
namespace payswitch::lab {
namespace {

using namespace std::chrono_literals;
using simulator::Received;
using simulator::VirtualSwitch;

class TwoSwitches : public testing::Test {
 protected:
  void begin(RedisKeeps keeps = RedisKeeps::everything) {
    redis_ = std::make_unique<VirtualRedis>(world_, 1, RedisSettings{.keeps = keeps});
    for (auto& process : processes_) process = join();
    ASSERT_TRUE(
        world_.run_until([&] { return processes_[0]->is_open() && processes_[1]->is_open(); }));
  }

  std::unique_ptr<VirtualSwitch> join() { return join({&cheap_, &dear_}); }
  std::unique_ptr<VirtualSwitch> join(std::vector<Origin*> processors,
                                      std::chrono::milliseconds wall_is_ahead = 0ms) {
    return VirtualSwitch::join({.world = world_,
                                .redis = redis_.get(),
                                .random = random_,
                                .log = log_,
                                .processors = std::move(processors),
                                .wall_is_ahead = wall_is_ahead},
                               settings_);
  }

  static payment::CorrelationId id() {
    return *payment::CorrelationId::parse("00000000-0000-4000-8000-000000000001");
  }

  // Returns the status of its answer.
  unsigned pay_at(std::size_t index) {
    Received received;
    processes_[index]->request(
        http::Method::post, "/payments",
        fmt::format(R"({{"correlationId":"{}","amount":19.90}})", id().to_string()),
        [&](const Received& answer) { received = answer; });
    EXPECT_TRUE(world_.run_until([&] { return received.status != 0; }));
    return received.status;
  }

  void pay() { ASSERT_EQ(pay_at(0), 202u); }

  Received ask(std::size_t index, const std::string& target) {
    Received received;
    processes_[index]->request(http::Method::get, target, "",
                               [&](const Received& answer) { received = answer; });
    EXPECT_TRUE(world_.run_until([&] { return received.status != 0; }));
    return received;
  }
  // At the second.
  Received look_up() { return ask(1, "/payments/" + id().to_string()); }

  bool comes_to_be(std::string_view what) {
    for (int seconds = 0; seconds < 120; ++seconds) {
      if (look_up().body.find(what) != std::string::npos) return true;
      world_.run_for(1s);
    }
    return false;
  }

  World world_;
  SeededRandom random_{1};
  CollectedLog log_;
  VirtualProcessor cheap_{world_};
  VirtualProcessor dear_{world_};
  simulator::SwitchSettings settings_;
  std::unique_ptr<VirtualRedis> redis_;
  std::array<std::unique_ptr<VirtualSwitch>, 2> processes_;
};

TEST_F(TwoSwitches, Protocol74WhatADeadOneHadSentStaysWithItsProcessor) {
  begin();
  cheap_.next({.delay = 1ms, .book = false, .silent = true});
  pay();
  processes_[0].reset();
  EXPECT_TRUE(comes_to_be(R"("state":"settled")"));
  EXPECT_EQ(cheap_.books().count(id()), 1u);
  EXPECT_EQ(dear_.posts(), 0);
  EXPECT_EQ(dear_.gets(), 0);  // this Redis forgets nothing: nobody else can have it
}

TEST_F(TwoSwitches, Protocol75WhereRedisMayForgetEveryProcessorIsAskedFirst) {
  begin(RedisKeeps::all_but_a_second);
  cheap_.set_up(false);
  dear_.set_up(false);
  pay();
  // An intent that Redis has forgotten had brought it there.
  dear_.book(id(), {payment::Money::from_cents(1990), world_.wall(), 1});
  processes_[0].reset();
  cheap_.set_up(true);
  dear_.set_up(true);
  EXPECT_TRUE(comes_to_be(R"("processor":"fallback")"));
  EXPECT_EQ(cheap_.posts(), 0);
  EXPECT_EQ(dear_.posts(), 0);
  EXPECT_EQ(dear_.books().at(id()).times, 1);
}

TEST_F(TwoSwitches, Protocol74ASleeperBringsWhatItsProcessorSaidAndDecidesNothing) {
  begin();
  cheap_.next({.delay = 100ms});
  pay();
  processes_[0]->sleep();
  world_.run_for(30s);
  processes_[0]->wake_up();
  EXPECT_TRUE(comes_to_be(R"("state":"settled")"));
  world_.run_for(60s);
  EXPECT_EQ(cheap_.books().at(id()).times, 1);
  EXPECT_EQ(dear_.posts(), 0);
  EXPECT_EQ(processes_[0]->dispatcher().open() + processes_[1]->dispatcher().open(), 0u);
}

// The first one's clock is 20 ms behind: told by the second, it would issue within what was told.
TEST_F(TwoSwitches, Rule6_ASumIsFinalUpToWhatEveryInstanceHasConfirmed) {
  redis_ = std::make_unique<VirtualRedis>(world_, 1, RedisSettings{});
  processes_[0] = join({&cheap_, &dear_});
  processes_[1] = join({&cheap_, &dear_}, 20ms);
  ASSERT_TRUE(
      world_.run_until([&] { return processes_[0]->is_open() && processes_[1]->is_open(); }));
  EXPECT_FALSE(ask(1, "/payments-summary").final_until);  // it has just come
  world_.run_for(15s);
  const auto told = world_.wall().value + 20;
  const auto first = ask(1, "/payments-summary");
  EXPECT_TRUE(!first.final_until || first.final_until->value < told);
  world_.run_for(3s);
  const auto confirmed = ask(1, "/payments-summary?to=" + payment::format_iso8601({told}));
  EXPECT_EQ(confirmed.final_until, payment::UtcMs{told});
  // The first one issues later times now, and would do so with a clock that was set back.
  world_.set_wall({told - 60'000});
  pay();
  ASSERT_TRUE(comes_to_be(R"("state":"settled")"));
  EXPECT_GT(cheap_.books().at(id()).requested_at.value, told);
}

// It has not heard of that processor with a beat yet when it is asked.
TEST_F(TwoSwitches, OneThatKnowsOneProcessorTellsWhatAnotherHasSentToASecond) {
  redis_ = std::make_unique<VirtualRedis>(world_, 1, RedisSettings{});
  processes_[1] = join({&cheap_});
  ASSERT_TRUE(world_.run_until([&] { return processes_[1]->is_open(); }));
  cheap_.usually(VirtualProcessor::refuse());
  processes_[0] = join();
  ASSERT_TRUE(world_.run_until([&] { return processes_[0]->is_open(); }));
  ASSERT_EQ(processes_[1]->store().names().size(), 1u);
  pay();
  ASSERT_TRUE(world_.run_until([&] { return dear_.books().size() == 1; }, 500ms));
  ASSERT_TRUE(world_.run_until(
      [&] { return processes_[0]->dispatcher().open() == 0 && processes_[0]->store().idle(); },
      100ms));
  ASSERT_EQ(processes_[1]->store().names().size(), 1u);
  const auto sums = ask(1, "/payments-summary?from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z");
  EXPECT_EQ(sums.body, R"({"default":{"totalRequests":0,"totalAmount":0.00},)"
                       R"("fallback":{"totalRequests":1,"totalAmount":19.90}})");
}

TEST_F(TwoSwitches, OneThatKnowsOneProcessorShowsAPaymentOfAnotherAtASecond) {
  redis_ = std::make_unique<VirtualRedis>(world_, 1, RedisSettings{});
  processes_[1] = join({&cheap_});
  ASSERT_TRUE(world_.run_until([&] { return processes_[1]->is_open(); }));
  cheap_.usually(VirtualProcessor::refuse());
  processes_[0] = join();
  ASSERT_TRUE(world_.run_until([&] { return processes_[0]->is_open(); }));
  pay();
  ASSERT_TRUE(world_.run_until([&] { return dear_.books().size() == 1; }, 500ms));
  ASSERT_EQ(processes_[1]->store().names().size(), 1u);
  const auto shown = look_up();
  EXPECT_EQ(shown.status, 200u);
  EXPECT_THAT(shown.body, testing::HasSubstr(R"("processor":"fallback")"));
}

TEST_F(TwoSwitches, Rule6_OneThatKnowsOneProcessorSumsWhatAnotherSentToASecond) {
  redis_ = std::make_unique<VirtualRedis>(world_, 1, RedisSettings{});
  processes_[1] = join({&cheap_});
  ASSERT_TRUE(world_.run_until([&] { return processes_[1]->is_open(); }));
  cheap_.usually(VirtualProcessor::refuse());
  processes_[0] = join();
  ASSERT_TRUE(world_.run_until([&] { return processes_[0]->is_open(); }));
  pay();
  ASSERT_TRUE(world_.run_until([&] { return dear_.books().size() == 1; }, 500ms));
  world_.run_for(50ms);  // it is settled
  ASSERT_EQ(processes_[1]->store().names().size(), 1u);
  EXPECT_THAT(ask(1, "/payments-summary").body,
              testing::HasSubstr(R"("fallback":{"totalRequests":1)"));
}

TEST_F(TwoSwitches, Protocol75WhatRedisHasForgottenIsNeitherNewNorDeniedUntilItIsWrittenAgain) {
  begin(RedisKeeps::snapshots);
  world_.run_for(2s);  // they have heard of each other
  redis_->save();
  pay();
  processes_[0]->sleep();
  redis_->restart(100ms);
  world_.run_for(1s);
  EXPECT_EQ(look_up().status, 503u);
  EXPECT_EQ(pay_at(1), 503u);
  processes_[0]->wake_up();
  EXPECT_TRUE(comes_to_be(R"("state":"settled")"));
}

}  // namespace
}  // namespace payswitch::lab
