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
  // Only this mood and kind occur, for up to a second each.
  UnsteadyProcessor in(Mood mood) {
    menu.moods[static_cast<std::size_t>(Mood::kind)] = true;
    menu.moods[static_cast<std::size_t>(mood)] = true;
    menu.longest_mood = seconds(1);
    menu.longest_stop = seconds(2);
    return UnsteadyProcessor(world, 1, 0, menu, watcher);
  }
  void wait_for(const UnsteadyProcessor& processor, Mood mood) {
    ASSERT_TRUE(world.run_until([&] { return processor.mood() == mood; }));
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
  Menu menu;
  Silent watcher;
  std::vector<std::expected<SentAnswer, http::Failure>> answers;
};

TEST_F(UnsteadyProcessorTest, WhileKindItBooksOnceAndKnowsItAgain) {
  auto processor = in(Mood::kind);
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
  auto processor = in(Mood::kind);
  post(processor, 1);
  world.run_for(seconds(1));
  const auto booked = processor.books().at(id_of(1)).requested_at;
  std::set<std::string> ways;
  answers.clear();
  for (int i = 0; i < 50; ++i) get(processor, 1);
  for (const auto& answer : answers) {
    const auto entry = processor::read_entry(
        id_of(1), http::Answer{.status = answer->status, .content_type = {}, .body = answer->body});
    ASSERT_TRUE(entry) << answer->body;
    EXPECT_EQ(entry->requested_at, booked);
    ways.insert(answer->body);
  }
  EXPECT_GE(ways.size(), 3u);
  EXPECT_EQ(watcher.vouches, 50);
}

TEST_F(UnsteadyProcessorTest, WhileStoppedRequestsWaitAndRunWhenItWakes) {
  auto processor = in(Mood::stopped);
  wait_for(processor, Mood::stopped);
  post(processor, 1);
  EXPECT_EQ(watcher.arrivals, 1);
  EXPECT_TRUE(processor.accepts_connections());
  EXPECT_TRUE(answers.empty());
  wait_for(processor, Mood::kind);
  world.run_for(seconds(1));
  EXPECT_EQ(processor.books().size(), 1u);
}

TEST_F(UnsteadyProcessorTest, WhileDownItRefusesConnectionsAndCutsWhatArrives) {
  auto processor = in(Mood::down);
  const auto before = processor.starts();
  wait_for(processor, Mood::down);
  EXPECT_FALSE(processor.accepts_connections());
  EXPECT_EQ(processor.starts(), before + 1);
  post(processor, 1);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error(), http::Failure::cut);
  EXPECT_TRUE(processor.books().empty());
}

TEST_F(UnsteadyProcessorTest, WhileLossyItBooksSomeAndSaysNothingClear) {
  auto processor = in(Mood::lossy);
  wait_for(processor, Mood::lossy);
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
  menu.gets_are_slow = true;
  menu.settings.attempt_timeout = seconds(6);
  auto processor = in(Mood::kind);
  const auto came_in = world.now();
  for (std::uint32_t n = 0; n < 30; ++n) get(processor, n);
  for (std::uint32_t n = 0; n < 30; ++n) post(processor, n);
  world.run_for(seconds(30));
  EXPECT_EQ(processor.books().size(), 30u);
  EXPECT_EQ(watcher.denied_gets, std::vector(30, came_in));
}

TEST_F(UnsteadyProcessorTest, NothingIsBookedLaterThanTheOperatorSays) {
  menu.settings.max_processing_time = seconds(2);
  menu.settings.attempt_timeout = seconds(1);
  menu.settings.hang_up = seconds(10);
  menu.books_after_answering = true;
  for (const Mood mood : {Mood::late, Mood::lossy, Mood::erring}) {
    auto processor = in(mood);
    wait_for(processor, mood);
    for (std::uint32_t n = 0; n < 30; ++n) post(processor, n);
    world.run_for(seconds(2) - std::chrono::microseconds(1));
    const int in_time = watcher.bookings;
    EXPECT_GT(in_time, 0) << to_string(mood);
    world.run_for(minutes(1));
    EXPECT_EQ(watcher.bookings, in_time) << to_string(mood);
    menu.moods[static_cast<std::size_t>(mood)] = false;
  }
}

TEST_F(UnsteadyProcessorTest, CalmItIsKindForEver) {
  auto processor = in(Mood::stopped);
  wait_for(processor, Mood::stopped);
  post(processor, 1);
  processor.calm();
  world.run_for(seconds(1));
  EXPECT_EQ(processor.books().size(), 1u);
  world.run_for(minutes(5));
  EXPECT_EQ(processor.mood(), Mood::kind);
}

TEST(Menu, EveryMisfortuneIsOnTheMenuOfSomeSeedAndNoneOnAll) {
  std::array<int, mood_count> moods{};
  std::array<int, 4> deaths{};
  int single = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SeededRandom random(seed);
    const Menu menu = draw_menu(random);
    for (std::size_t i = 0; i < mood_count; ++i) moods[i] += menu.moods[i];
    ++deaths[static_cast<std::size_t>(menu.death)];
    single += menu.processors == 1;
    EXPECT_FALSE(describe(menu).empty());
    if (menu.settings.store.durability == platform::Durability::os) {
      EXPECT_TRUE(menu.death == Death::none || menu.death == Death::kill);
    }
  }
  for (std::size_t i = 1; i < mood_count; ++i) {
    EXPECT_GT(moods[i], 50) << to_string(static_cast<Mood>(i));
    EXPECT_LT(moods[i], 450) << to_string(static_cast<Mood>(i));
  }
  for (const int count : deaths) EXPECT_GT(count, 50);
  EXPECT_GT(single, 20);
}

}  // namespace
}  // namespace payswitch::lab::simulator
