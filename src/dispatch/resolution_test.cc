#include "dispatch/resolution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "dispatch/scheduling_fixture.h"

namespace payswitch::dispatch {
namespace {

using lab::VirtualProcessor;
using payment::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;
using store::cheap;
using store::test_id;
using testing::ElementsAre;
using testing::IsEmpty;
using Plan = VirtualProcessor::Plan;

const payment::UtcMs requested_at = store::at(7);
const auto amount = store::cents(1990);

// An attempt begins as soon as its payment is assigned: the intent is durable at once.
struct ResolutionTest : testing::Test, Scheduled {
  explicit ResolutionTest(const processor::Options& both = {}) : Scheduled(both) {
    events = {
        .assigned = [this](Job& job, const auto& assignment) { begin(job, assignment); },
        .connected =
            [this](Job& job, Upstream& upstream, http::ConnectionId connection, auto exchange) {
              resolution->connected(job, upstream, connection, exchange);
            },
        .connect_failed = [this](Job& job, auto) { resolution->connect_failed(job); },
        .unroutable = [](Job&) {},
    };
  }

  void start() {
    Scheduled::start();
    resolution.emplace(options, platform, upstreams, jobs, *scheduler, outage, budget,
                       Resolution::Events{
                           .settled = [this](Job& job, const auto& entry) { settle(job, entry); },
                           .refused = [this](Job& job, Outcome why) { refuse(job, why); },
                           .became_unknown = [this](Job&) { ++became_unknown; },
                       });
  }
  void begin(Job& job, const Scheduler::Assignment& assignment) {
    job.processor = assignment.upstream.number();
    job.attempts_made = 1;
    jobs.begin_attempt(
        job, Attempt(job.amount, requested_at, assignment.upstream.options().max_processing_time));
    job.attempt->reservation = assignment.reservation;
    resolution->begin(job);
  }
  void settle(Job& job, const processor::BookEntry& entry) {
    settled.push_back(entry);
    jobs.remove(job);
  }
  void refuse(Job& job, Outcome reason) {
    refused.push_back(reason);
    jobs.remove(job);
  }

  // A payment that goes to the cheap processor, which does with its POST what the plan says.
  Job& pay(const Plan& plan = {}) {
    cheap_processor.next(plan);
    if (!resolution) start();
    Job& job = add_job(1);
    scheduler->enqueue(job);
    return job;
  }
  bool runs_until(const std::function<bool()>& holds) { return world.run_until(holds, minutes); }
  bool is_over() const { return !settled.empty() || !refused.empty(); }

  static constexpr platform::Duration minutes = std::chrono::minutes(5);
  static Plan cut_unbooked() {
    return {.book = false, .answer = std::unexpected(http::Failure::cut)};
  }

  std::optional<Resolution> resolution;
  std::vector<processor::BookEntry> settled;
  std::vector<Outcome> refused;
  int became_unknown = 0;
};

// -- the first POST -------------------------------------------------------------------------------

TEST_F(ResolutionTest, APaymentThatIsTakenIsSettledAsItWasSent) {
  pay();
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  ASSERT_EQ(settled.size(), 1u);
  EXPECT_EQ(settled[0].amount, amount);
  EXPECT_EQ(settled[0].requested_at, requested_at);
  EXPECT_EQ(became_unknown, 0);
  EXPECT_EQ(cheap_processor.gets(), 0);
  EXPECT_EQ(cheap_upstream().in_flight(), 0u);
}

TEST_F(ResolutionTest, ARefusalEndsTheAttemptAndCountsAgainstTheProcessor) {
  pay(VirtualProcessor::refuse());
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  EXPECT_THAT(refused, ElementsAre(Outcome::refused));
  const auto& outcomes = cheap_upstream().counters().outcomes;
  EXPECT_EQ(outcomes[static_cast<std::size_t>(Outcome::refused)], 1u);
}

TEST_F(ResolutionTest, AnAnswerThatIsLateMakesItUnknownAndSettlesItStill) {
  pay({.delay = seconds(8)});
  world.run_for(milliseconds(6'000));
  EXPECT_EQ(became_unknown, 0);
  world.run_for(milliseconds(10));
  EXPECT_EQ(became_unknown, 1);
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  EXPECT_EQ(settled.size(), 1u);
  EXPECT_EQ(cheap_processor.posts(), 1) << "the first POST was still being read";
  EXPECT_EQ(became_unknown, 1);
}

TEST_F(ResolutionTest, AnAnswerAfterThePaymentHasEndedTeachesTheProcessorsRecordOnly) {
  Job& job = pay({.delay = seconds(1)});
  world.run_for(milliseconds(500));
  jobs.remove(job);
  world.run_for(seconds(1));
  EXPECT_FALSE(is_over());
  const auto& outcomes = cheap_upstream().counters().outcomes;
  EXPECT_EQ(outcomes[static_cast<std::size_t>(Outcome::taken)], 1u);
}

// -- an unknown outcome ---------------------------------------------------------------------------

TEST_F(ResolutionTest, AnUnknownPaymentIsAskedForBeforeItIsSentAgain) {
  pay(cut_unbooked());
  ASSERT_TRUE(runs_until([&] { return cheap_processor.gets() == 1; }));
  EXPECT_EQ(cheap_processor.posts(), 1);
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  EXPECT_EQ(cheap_processor.posts(), 2);
  EXPECT_EQ(cheap_processor.gets(), 1);
  EXPECT_EQ(dear_processor.posts(), 0);
  EXPECT_EQ(cheap_upstream().counters().repeated, 1u);
}

TEST_F(ResolutionTest, ThePaymentThatTheGetShowsIsNotSentAgain) {
  pay(VirtualProcessor::take_and_cut());
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  EXPECT_EQ(settled.size(), 1u);
  EXPECT_EQ(cheap_processor.posts(), 1);
}

TEST_F(ResolutionTest, ARepeatCarriesTheSameRequestedAt) {
  pay(cut_unbooked());
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  EXPECT_EQ(cheap_processor.posts(), 2);
  EXPECT_EQ(cheap_processor.books().at(test_id(1)).requested_at, requested_at);
}

TEST_F(ResolutionTest, WhatTheBooksSayIsSettledAndNotWhatWasSent) {
  const payment::UtcMs theirs = store::at(-60'000);
  cheap_processor.book(test_id(1), {store::cents(1), theirs, 1});
  pay();
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  EXPECT_EQ(settled[0].amount, store::cents(1));
  EXPECT_EQ(settled[0].requested_at, theirs);
}

TEST_F(ResolutionTest, TheRefusalOfARepeatSettlesNothing) {
  cheap_processor.next(cut_unbooked());
  cheap_processor.next(VirtualProcessor::refuse());
  start();
  scheduler->enqueue(add_job(1));
  ASSERT_TRUE(runs_until([&] { return cheap_processor.posts() == 2; }));
  world.run_for(milliseconds(2));
  EXPECT_FALSE(is_over());
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  EXPECT_EQ(settled.size(), 1u);
  EXPECT_EQ(cheap_processor.posts(), 3);
}

TEST_F(ResolutionTest, AProcessorThatContradictsItselfIsCountedAndLogged) {
  pay({.book = false, .answer = lab::SentResponse{422, ""}});
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  EXPECT_EQ(cheap_upstream().counters().contradictions, 1u);
  EXPECT_EQ(log.count(platform::Level::error, "said 422"), 1u);
  EXPECT_EQ(settled.size(), 1u);
}

struct ResolutionWithATimeLimit : ResolutionTest {
  ResolutionWithATimeLimit() : ResolutionTest(released_after(seconds(10))) {}
};

TEST_F(ResolutionWithATimeLimit, APaymentIsReleasedWhenItIsNotInTheBooksThatLongAfterTheLastPost) {
  cheap_processor.usually(cut_unbooked());
  pay(cut_unbooked());
  int posts = 0;
  platform::Instant last_post{};
  ASSERT_TRUE(runs_until([&] {
    if (std::exchange(posts, cheap_processor.posts()) != cheap_processor.posts()) {
      last_post = world.now();
    }
    return is_over();
  }));
  EXPECT_THAT(refused, ElementsAre(Outcome::released));
  EXPECT_GE(world.now() - last_post, seconds(10));
}

TEST_F(ResolutionTest, WithoutATimeLimitItIsNeverReleased) {
  cheap_processor.usually(cut_unbooked());
  pay(cut_unbooked());
  world.run_for(std::chrono::hours(1));
  EXPECT_FALSE(is_over());
}

// -- time -----------------------------------------------------------------------------------------

TEST_F(ResolutionTest, TheGetWaitsForABackOff) {
  options.backoff_base = options.backoff_cap = seconds(100);
  pay(cut_unbooked());
  ASSERT_TRUE(runs_until([&] { return became_unknown == 1; }));
  const auto unknown_since = world.now();
  ASSERT_TRUE(runs_until([&] { return cheap_processor.gets() == 1; }));
  EXPECT_GT(world.now() - unknown_since, seconds(1));
  EXPECT_LT(world.now() - unknown_since, seconds(101));
}

TEST_F(ResolutionTest, WithoutARetryBudgetItWaitsAndIsNotDropped) {
  options.budget_max = 0;
  budget = RetryBudget(options, world.now());
  pay(cut_unbooked());
  world.run_for(seconds(60));
  EXPECT_EQ(cheap_processor.gets(), 0);
  options.budget_max = 1;
  budget = RetryBudget(options, world.now());
  EXPECT_TRUE(runs_until([&] { return is_over(); }));
}

TEST_F(ResolutionTest, WhenNoConnectionCanBeMadeItAsksAgainLater) {
  pay(VirtualProcessor::take_and_cut());
  ASSERT_TRUE(runs_until([&] { return became_unknown == 1; }));
  cheap_processor.set_up(false);
  cheap_client.let_idle_connections_die();
  world.run_for(seconds(60));
  EXPECT_FALSE(is_over());
  cheap_processor.set_up(true);
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  EXPECT_EQ(settled.size(), 1u);
}

TEST_F(ResolutionTest, AfterItWasStoppedWhatIsInFlightEndsAndNothingIsRepeated) {
  pay({.delay = milliseconds(100)});
  world.run_for(milliseconds(50));
  resolution->stop();
  ASSERT_TRUE(runs_until([&] { return is_over(); }));
  EXPECT_EQ(settled.size(), 1u);
  cheap_processor.next(cut_unbooked());
  scheduler->enqueue(add_job(2));
  world.run_for(seconds(60));
  EXPECT_EQ(cheap_processor.posts(), 2);
  EXPECT_EQ(cheap_processor.gets(), 0);
}

// -- of an earlier life ---------------------------------------------------------------------------

TEST_F(ResolutionTest, AnAttemptOfAnEarlierLifeIsAskedForAtItsTimeAndNotSent) {
  cheap_processor.book(test_id(1), {amount, requested_at, 1});
  start();
  Job& job = add_job(1);
  job.processor = cheap;
  job.attempt = std::make_unique<AttemptAtWork>(Attempt::recovered(
      amount, requested_at, std::nullopt, world.now(), world.now() + seconds(3)));
  resolution->take_up(job);
  world.run_for(milliseconds(2'999));
  EXPECT_EQ(cheap_processor.gets(), 0);
  world.run_for(milliseconds(2));
  EXPECT_EQ(cheap_processor.gets(), 1);
  EXPECT_EQ(settled.size(), 1u);
  EXPECT_EQ(cheap_processor.posts(), 0);
}

}  // namespace
}  // namespace payswitch::dispatch
