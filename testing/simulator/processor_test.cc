#include "testing/simulator/processor.h"

#include <gtest/gtest.h>

#include <set>

#include "processor/wire.h"
#include "testing/simulator/referee.h"

namespace payswitch::lab::simulator {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct Silent final : Watcher {
  void posted(std::size_t, const Posting&) override { ++arrivals; }
  void booked(std::size_t, const Posting&) override { ++bookings; }
  void answered(std::size_t, const Posting&, Reading reading) override { readings.insert(reading); }
  void vouched(std::size_t, const payment::CorrelationId&, platform::Instant) override {
    ++vouches;
  }
  void denied(std::size_t, const payment::CorrelationId&, platform::Instant at) override {
    denied_gets.push_back(at);
  }

  int arrivals = 0;
  int bookings = 0;
  int vouches = 0;
  std::vector<platform::Instant> denied_gets;
  std::multiset<Reading> readings;
};

struct UnsteadyProcessorTest : testing::Test {
  // Only this profile and kind occur, for up to a second each.
  UnsteadyProcessor in(FaultProfile profile) {
    plan.profiles[static_cast<std::size_t>(FaultProfile::healthy)] = true;
    plan.profiles[static_cast<std::size_t>(profile)] = true;
    plan.longest_profile = seconds(1);
    plan.longest_stop = seconds(2);
    return UnsteadyProcessor(world, 1, 0, plan, watcher);
  }
  void wait_for(const UnsteadyProcessor& processor, FaultProfile profile) {
    ASSERT_TRUE(world.run_until([&] { return processor.profile() == profile; }));
  }
  void post(UnsteadyProcessor& processor, std::uint32_t n) {
    std::string body;
    processor::write_payment_body(body, id_of(n), payment::Money::from_cents(1990), world.wall());
    processor.arrive({.method = http::Method::post, .target = "/payments", .body = std::move(body)},
                     [this](auto got) { answers.push_back(std::move(got)); });
  }
  void get(UnsteadyProcessor& processor, std::uint32_t n) {
    processor.arrive(
        {.method = http::Method::get, .target = "/payments/" + id_of(n).to_string(), .body = {}},
        [this](auto got) { answers.push_back(std::move(got)); });
  }

  World world;
  FaultPlan plan;
  Silent watcher;
  std::vector<std::expected<SentResponse, http::Failure>> answers;
};

TEST_F(UnsteadyProcessorTest, WhileKindItBooksOnceAndKnowsItAgain) {
  auto processor = in(FaultProfile::healthy);
  post(processor, 1);
  world.run_for(seconds(1));
  post(processor, 1);
  world.run_for(seconds(1));
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0]->status, 200u);
  EXPECT_EQ(answers[1]->status, 422u);
  EXPECT_EQ(processor.books().size(), 1u);
  EXPECT_EQ(watcher.bookings, 1);
}

TEST_F(UnsteadyProcessorTest, TimesAreToldInSeveralWaysAndReadAsTheSame) {
  auto processor = in(FaultProfile::healthy);
  post(processor, 1);
  world.run_for(seconds(1));
  const auto booked = processor.books().at(id_of(1)).requested_at;
  std::set<std::string> ways;
  answers.clear();
  for (int i = 0; i < 50; ++i) get(processor, 1);
  for (const auto& answer : answers) {
    const auto entry = processor::read_entry(
        id_of(1),
        http::IncomingResponse{.status = answer->status, .content_type = {}, .body = answer->body});
    ASSERT_TRUE(entry) << answer->body;
    EXPECT_EQ(entry->requested_at, booked);
    ways.insert(answer->body);
  }
  EXPECT_GE(ways.size(), 3u);
  EXPECT_EQ(watcher.vouches, 50);
}

TEST_F(UnsteadyProcessorTest, WhileStoppedRequestsWaitAndRunWhenItWakes) {
  auto processor = in(FaultProfile::stopped);
  wait_for(processor, FaultProfile::stopped);
  post(processor, 1);
  EXPECT_EQ(watcher.arrivals, 1);
  EXPECT_TRUE(processor.accepts_connections());
  EXPECT_TRUE(answers.empty());
  wait_for(processor, FaultProfile::healthy);
  world.run_for(seconds(1));
  EXPECT_EQ(processor.books().size(), 1u);
}

TEST_F(UnsteadyProcessorTest, WhileDownItRefusesConnectionsAndCutsWhatArrives) {
  auto processor = in(FaultProfile::down);
  const auto before = processor.starts();
  wait_for(processor, FaultProfile::down);
  EXPECT_FALSE(processor.accepts_connections());
  EXPECT_EQ(processor.starts(), before + 1);
  post(processor, 1);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error(), http::Failure::cut);
  EXPECT_TRUE(processor.books().empty());
}

TEST_F(UnsteadyProcessorTest, WhileLossyItBooksSomeAndSaysNothingClear) {
  auto processor = in(FaultProfile::lossy);
  wait_for(processor, FaultProfile::lossy);
  for (std::uint32_t n = 0; n < 200; ++n) post(processor, n);
  world.run_for(minutes(1));
  EXPECT_EQ(watcher.readings.count(Reading::taken), 0u);
  EXPECT_EQ(watcher.readings.count(Reading::refused), 0u);
  EXPECT_GT(watcher.readings.count(Reading::unclear), 50u);
  EXPECT_LT(watcher.readings.size(), 200u);  // some hear nothing at all
  EXPECT_GT(watcher.bookings, 50);
  EXPECT_LT(watcher.bookings, 150);
}

TEST_F(UnsteadyProcessorTest, ASlowGetSaysWhatWasTrueWhenItCameIn) {
  plan.gets_are_slow = true;
  plan.settings.attempt_timeout = seconds(6);
  auto processor = in(FaultProfile::healthy);
  const auto came_in = world.now();
  for (std::uint32_t n = 0; n < 30; ++n) get(processor, n);
  for (std::uint32_t n = 0; n < 30; ++n) post(processor, n);
  world.run_for(seconds(30));
  EXPECT_EQ(processor.books().size(), 30u);
  EXPECT_EQ(watcher.denied_gets, std::vector(30, came_in));
}

TEST_F(UnsteadyProcessorTest, NothingIsBookedLaterThanTheOperatorSays) {
  plan.settings.max_processing_time = seconds(2);
  plan.settings.attempt_timeout = seconds(1);
  plan.settings.hang_up = seconds(10);
  plan.books_after_answering = true;
  for (const FaultProfile profile :
       {FaultProfile::late, FaultProfile::lossy, FaultProfile::erring}) {
    auto processor = in(profile);
    wait_for(processor, profile);
    for (std::uint32_t n = 0; n < 30; ++n) post(processor, n);
    world.run_for(seconds(2) - std::chrono::microseconds(1));
    const int in_time = watcher.bookings;
    EXPECT_GT(in_time, 0) << to_string(profile);
    world.run_for(minutes(1));
    EXPECT_EQ(watcher.bookings, in_time) << to_string(profile);
    plan.profiles[static_cast<std::size_t>(profile)] = false;
  }
}

TEST_F(UnsteadyProcessorTest, CalmItIsKindForEver) {
  auto processor = in(FaultProfile::stopped);
  wait_for(processor, FaultProfile::stopped);
  post(processor, 1);
  processor.calm();
  world.run_for(seconds(1));
  EXPECT_EQ(processor.books().size(), 1u);
  world.run_for(minutes(5));
  EXPECT_EQ(processor.profile(), FaultProfile::healthy);
}

TEST(FaultPlan, EveryFaultIsInThePlanOfSomeSeedAndNoneInAll) {
  std::array<int, profile_count> profiles{};
  std::array<int, 4> deaths{};
  int single = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SeededRandom random(seed);
    const FaultPlan plan = draw_fault_plan(random);
    for (std::size_t i = 0; i < profile_count; ++i) profiles[i] += plan.profiles[i];
    ++deaths[static_cast<std::size_t>(plan.death)];
    single += plan.processors == 1;
    EXPECT_FALSE(describe(plan).empty());
    if (plan.settings.store.durability == platform::Durability::os) {
      EXPECT_TRUE(plan.death == Death::none || plan.death == Death::kill);
    }
  }
  for (std::size_t i = 1; i < profile_count; ++i) {
    EXPECT_GT(profiles[i], 50) << to_string(static_cast<FaultProfile>(i));
    EXPECT_LT(profiles[i], 450) << to_string(static_cast<FaultProfile>(i));
  }
  for (const int count : deaths) EXPECT_GT(count, 50);
  EXPECT_GT(single, 20);
}

}  // namespace
}  // namespace payswitch::lab::simulator
