#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "store/samples_fixture.h"
#include "store/shared/engine.h"
#include "testing/world/life.h"
#include "testing/world/log.h"
#include "testing/world/random.h"
#include "testing/world/redis.h"
#include "testing/world/redis_client.h"
#include "testing/world/world.h"

// `wait_replicas`: a 202, and a byte to a processor, wait for replicas (PROTOCOL 7.5, 7.6).
namespace payswitch::store::shared {
namespace {

using namespace std::chrono_literals;

class Replicas : public testing::Test {
 protected:
  Replicas() {
    options_.wait_replicas = 1;
    client_ = std::make_unique<lab::VirtualRedisClient>(
        lab::VirtualRedisSeams{world_, life_, life_, random_, redis_}, client_options_,
        scripts_.all());
    bool is_open = false;
    shared_ = open({.processors = {{"default"}, {"fallback"}}}, options_,
                   {*client_, scripts_, life_, world_, random_, log_}, life_,
                   {.opened = [&] { is_open = true; },
                    .refused = [](const std::string& line) { FAIL() << line; }});
    EXPECT_TRUE(world_.run_until([&] { return is_open && shared_.store->is_available(); }));
    shared_.store->start([this](const std::vector<OpenPayment>& open) {
      adopted_.insert(adopted_.end(), open.begin(), open.end());
    });
  }

  Verdict accept(const Acceptance& acceptance) {
    std::optional<Verdict> verdict;
    shared_.store->accept(acceptance, [&](Verdict given) { verdict = given; });
    EXPECT_TRUE(world_.run_until([&] { return verdict.has_value(); }));
    return *verdict;
  }

  lab::World world_;
  lab::SeededRandom random_{1};
  lab::CollectedLog log_;
  lab::VirtualRedis redis_{world_, 1, {.replicas = 1}};
  lab::Life life_{world_};
  Scripts scripts_;
  RedisOptions options_;
  payswitch::redis::Options client_options_;
  std::unique_ptr<lab::VirtualRedisClient> client_;
  Shared shared_;
  std::vector<OpenPayment> adopted_;
};

TEST_F(Replicas, Protocol76APaymentThatTooFewReplicasHaveIsNotPromisedAndIsSentAllTheSame) {
  EXPECT_EQ(accept(acceptance(1)), Verdict::accepted);
  redis_.set_replicas_in_step(0);
  EXPECT_EQ(accept(acceptance(2, 20, intent(1, at(5)))), Verdict::unavailable);
  ASSERT_EQ(adopted_.size(), 1u);
  EXPECT_EQ(adopted_[0].id, test_id(2));
  EXPECT_EQ(adopted_[0].unanswered->requested_at, at(5));
  redis_.set_replicas_in_step(1);
  EXPECT_EQ(accept(acceptance(2, 20)), Verdict::replayed);
  EXPECT_EQ(adopted_.size(), 1u);
}

TEST_F(Replicas, Protocol76ARepeatIsNotPromisedEitherBeforeEnoughReplicasHaveThePayment) {
  redis_.set_replicas_in_step(0);
  EXPECT_EQ(accept(acceptance(1)), Verdict::unavailable);
  EXPECT_EQ(accept(acceptance(1)), Verdict::unavailable);
  EXPECT_EQ(accept(acceptance(1, 2'000)), Verdict::conflict);
  redis_.set_replicas_in_step(1);
  EXPECT_EQ(accept(acceptance(1)), Verdict::replayed);
  EXPECT_EQ(adopted_.size(), 1u);
}

TEST_F(Replicas, Protocol75AnIntentWaitsUntilEnoughReplicasHaveIt) {
  EXPECT_EQ(accept(acceptance(1)), Verdict::accepted);
  redis_.set_replicas_in_step(0);
  std::optional<bool> is_granted;
  shared_.store->intend(test_id(1), intent(1, at(5)), [&](bool granted) { is_granted = granted; });
  world_.run_for(30s);
  EXPECT_FALSE(is_granted);
  redis_.set_replicas_in_step(1);
  EXPECT_TRUE(world_.run_until([&] { return is_granted.has_value(); }));
  EXPECT_TRUE(*is_granted);
}

}  // namespace
}  // namespace payswitch::store::shared
