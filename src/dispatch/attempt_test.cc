#include "dispatch/attempt.h"

#include <gtest/gtest.h>

// Each test is a script of events and expected actions: PROTOCOL 2 and 3.
namespace payswitch::dispatch {
namespace {

using payment::Outcome;
using processor::BookEntry;
using processor::NoEntry;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = Action::Kind;

const auto amount = payment::Money::from_cents(1990);
const payment::UtcMs requested_at{1'751'978'096'789};
const BookEntry ours{.amount = amount, .requested_at = requested_at};

struct AttemptTest : testing::Test {
  platform::Instant now{seconds(100)};
  Attempt attempt{amount, requested_at, std::nullopt};

  Action give(Event event) {
    event.backoff = milliseconds(10);
    return attempt.resume(event, now);
  }
  Action durable() { return give({.kind = Event::Kind::durable}); }
  Action posted() { return give({.kind = Event::Kind::posted}); }
  Action late() { return give({.kind = Event::Kind::late}); }
  Action answer(Outcome outcome) {
    return give({.kind = Event::Kind::answered, .outcome = outcome});
  }
  Action found(BookEntry entry) { return give({.kind = Event::Kind::asked, .entry = entry}); }
  Action not_found() {
    return give({.kind = Event::Kind::asked, .entry = std::unexpected(NoEntry::not_found)});
  }
  Action no_answer() {
    return give({.kind = Event::Kind::asked, .entry = std::unexpected(NoEntry::no_answer)});
  }
  Action unable() { return give({.kind = Event::Kind::unable}); }
  // Goes to the moment at which the machine wants to be woken, and wakes it.
  Action wake() {
    EXPECT_TRUE(attempt.wake_at());
    now = attempt.wake_at().value_or(now);
    return tick();
  }
  // A GET that it wants is written at once.
  Action tick() {
    const Action action = give({.kind = Event::Kind::tick});
    if (action.kind == Kind::ask) give({.kind = Event::Kind::asking});
    return action;
  }

  void send() {
    ASSERT_EQ(durable().kind, Kind::post);
    ASSERT_EQ(posted().kind, Kind::wait);
    ASSERT_FALSE(attempt.is_unknown());
  }
  // A POST that was cut: unknown, and nothing is being read any more.
  void send_and_lose() {
    send();
    ASSERT_EQ(answer(Outcome::unknown).kind, Kind::wait);
    ASSERT_TRUE(attempt.is_unknown());
  }
  void post_again() {
    ASSERT_EQ(wake().kind, Kind::ask);
    ASSERT_EQ(not_found().kind, Kind::post);
    ASSERT_EQ(posted().kind, Kind::wait);
  }
  void expect_gives_up(const Action& action, Outcome reason) {
    EXPECT_EQ(action.kind, Kind::give_up);
    EXPECT_EQ(action.reason, reason);
  }
  void expect_settles(const Action& action, const BookEntry& entry) {
    EXPECT_EQ(action.kind, Kind::settle);
    EXPECT_EQ(action.entry.amount, entry.amount);
    EXPECT_EQ(action.entry.requested_at, entry.requested_at);
  }
};

TEST_F(AttemptTest, Rule2_1_NothingIsPostedBeforeTheIntentIsDurable) {
  EXPECT_FALSE(attempt.wake_at());
  EXPECT_EQ(durable().kind, Kind::post);
}

TEST_F(AttemptTest, TakenSettlesWithOurOwnAmountAndTime) {
  send();
  expect_settles(answer(Outcome::taken), ours);
}

TEST_F(AttemptTest, Rule2_6_EveryRefusalOfTheOnlyRequestGivesThePaymentBack) {
  for (Outcome outcome : {Outcome::refused, Outcome::throttled, Outcome::our_fault,
                          Outcome::misconfigured, Outcome::not_sent}) {
    attempt = Attempt(amount, requested_at, std::nullopt);
    send();
    expect_gives_up(answer(outcome), outcome);
  }
}

TEST_F(AttemptTest, Rule2_4_ALate200SettlesOnTheConnectionThatIsStillRead) {
  send();
  EXPECT_EQ(late().kind, Kind::wait);
  EXPECT_TRUE(attempt.is_unknown());
  expect_settles(answer(Outcome::taken), ours);
}

TEST_F(AttemptTest, Rule2_6_ALateRefusalOfTheOnlyRequestStillGivesThePaymentBack) {
  send();
  late();
  expect_gives_up(answer(Outcome::refused), Outcome::refused);
}

TEST_F(AttemptTest, ALateRefusalWaitsForTheGetThatIsOnItsWay) {
  send();
  late();
  EXPECT_EQ(wake().kind, Kind::ask);
  EXPECT_EQ(answer(Outcome::refused).kind, Kind::wait);
  expect_gives_up(not_found(), Outcome::refused);
}

TEST_F(AttemptTest, TheBooksOutweighALateRefusal) {
  send();
  late();
  wake();
  answer(Outcome::refused);
  expect_settles(found(ours), ours);
}

TEST_F(AttemptTest, ALateRefusalStandsWhenTheGetCannotBeStarted) {
  send();
  late();
  wake();
  answer(Outcome::refused);
  expect_gives_up(unable(), Outcome::refused);
}

TEST_F(AttemptTest, Rule3_1_ResolutionAsksFirst) {
  send_and_lose();
  EXPECT_EQ(wake().kind, Kind::ask);
  expect_settles(found(ours), ours);
}

TEST_F(AttemptTest, Rule3_1_SettlesWithWhatTheProcessorsBooksSay) {
  send_and_lose();
  wake();
  const BookEntry theirs{.amount = payment::Money::from_cents(1), .requested_at = {5}};
  expect_settles(found(theirs), theirs);
}

TEST_F(AttemptTest, Rule3_1_NoSecondPostWhileTheFirstOnesConnectionIsRead) {
  send();
  late();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(wake().kind, Kind::ask);
    EXPECT_EQ(not_found().kind, Kind::wait);
  }
  EXPECT_EQ(answer(Outcome::unknown).kind, Kind::wait);  // hung up
  EXPECT_EQ(wake().kind, Kind::ask);
  EXPECT_EQ(not_found().kind, Kind::post);
}

TEST_F(AttemptTest, Rule3_1_TheSecondPosts200Settles) {
  send_and_lose();
  post_again();
  expect_settles(answer(Outcome::taken), ours);
}

TEST_F(AttemptTest, Rule3_1_ARefusedSecondPostSettlesNothingAndStaysHere) {
  send_and_lose();
  for (Outcome outcome : {Outcome::refused, Outcome::throttled, Outcome::our_fault,
                          Outcome::misconfigured, Outcome::not_sent}) {
    post_again();
    EXPECT_EQ(answer(outcome).kind, Kind::wait);
    EXPECT_TRUE(attempt.is_unknown());
  }
}

TEST_F(AttemptTest, Rule3_1_ASecondPostThatIsLateIsReadToItsEndBeforeAThird) {
  send_and_lose();
  post_again();
  EXPECT_EQ(late().kind, Kind::wait);
  EXPECT_EQ(wake().kind, Kind::ask);
  EXPECT_EQ(not_found().kind, Kind::wait);
  EXPECT_EQ(answer(Outcome::refused).kind, Kind::wait);  // not clean: the first may still land
  EXPECT_EQ(wake().kind, Kind::ask);
  EXPECT_EQ(not_found().kind, Kind::post);
}

TEST_F(AttemptTest, Rule1_AlreadyBookedAsksAtOnceAndSettlesWithTheBooks) {
  send();
  EXPECT_EQ(answer(Outcome::already_booked).kind, Kind::ask);
  EXPECT_TRUE(attempt.is_unknown());
  const BookEntry theirs{.amount = amount, .requested_at = {42}};
  expect_settles(found(theirs), theirs);
}

TEST_F(AttemptTest, Rule3_1_A404AfterA422StaysUnknownAndRaisesAnAlarm) {
  send();
  answer(Outcome::already_booked);
  const Action action = not_found();
  EXPECT_EQ(action.kind, Kind::wait);
  EXPECT_TRUE(action.alarm);
  EXPECT_EQ(wake().kind, Kind::ask);
  expect_settles(found(ours), ours);
}

TEST_F(AttemptTest, AfterA422ARefusalIsNeverBelievedAgain) {
  send();
  answer(Outcome::already_booked);
  not_found();
  post_again();
  EXPECT_EQ(answer(Outcome::refused).kind, Kind::wait);
}

TEST_F(AttemptTest, Rule3_2_A404NeverReleasesHoweverLongItTakes) {
  send_and_lose();
  for (int i = 0; i < 100; ++i) {
    now += std::chrono::hours(24);
    post_again();
    ASSERT_EQ(answer(Outcome::refused).kind, Kind::wait);
  }
}

TEST_F(AttemptTest, AGetThatTeachesNothingIsRepeatedAndPostsNothing) {
  send_and_lose();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(wake().kind, Kind::ask);
    EXPECT_EQ(no_answer().kind, Kind::wait);
  }
}

TEST_F(AttemptTest, AStepThatCannotBeStartedIsTriedAgain) {
  send_and_lose();
  EXPECT_EQ(wake().kind, Kind::ask);
  EXPECT_EQ(unable().kind, Kind::wait);
  EXPECT_EQ(wake().kind, Kind::ask);
  EXPECT_EQ(not_found().kind, Kind::post);
  EXPECT_EQ(unable().kind, Kind::wait);
  EXPECT_EQ(wake().kind, Kind::ask);
}

struct WithMaxProcessingTime : AttemptTest {
  WithMaxProcessingTime() { attempt = Attempt(amount, requested_at, seconds(30)); }
  Action not_found_while_broken() {
    return give({.kind = Event::Kind::asked,
                 .entry = std::unexpected(NoEntry::not_found),
                 .processor_works = false});
  }
};

TEST_F(WithMaxProcessingTime, Rule3_2_A404ReleasesAtTheLimitAndNotAMillisecondBefore) {
  send_and_lose();
  now += seconds(30) - milliseconds(11);
  tick();
  EXPECT_EQ(not_found_while_broken().kind, Kind::wait);
  now = platform::Instant(seconds(130)) - milliseconds(1);
  tick();
  EXPECT_EQ(not_found_while_broken().kind, Kind::wait);
  now = platform::Instant(seconds(130));
  tick();
  expect_gives_up(not_found(), Outcome::released);
}

// What it says was true when the GET came in: the payment may have landed since.
TEST_F(WithMaxProcessingTime, Rule3_2_A404AskedForBeforeTheLimitReleasesNothingWheneverItComes) {
  send_and_lose();
  now = platform::Instant(seconds(130)) - milliseconds(1);
  tick();
  now += seconds(6);
  EXPECT_EQ(not_found_while_broken().kind, Kind::wait);
  tick();
  expect_gives_up(not_found_while_broken(), Outcome::released);
}

// It was handed over, and the process was stopped before the turn's end, when it is written.
TEST_F(WithMaxProcessingTime, Rule3_2_TheClockRunsFromTheWriteOfThePost) {
  send();
  now += seconds(40);
  EXPECT_EQ(give({.kind = Event::Kind::written}).kind, Kind::wait);
  EXPECT_EQ(answer(Outcome::unknown).kind, Kind::wait);
  EXPECT_EQ(wake().kind, Kind::ask);
  EXPECT_EQ(not_found_while_broken().kind, Kind::wait);
}

TEST_F(WithMaxProcessingTime, Rule3_2_TheClockRunsFromTheLastPost) {
  send_and_lose();
  now += seconds(29);
  post_again();
  EXPECT_EQ(answer(Outcome::unknown).kind, Kind::wait);
  now += seconds(29);
  tick();
  EXPECT_EQ(not_found_while_broken().kind, Kind::wait);
}

TEST_F(WithMaxProcessingTime, Rule3_2_NothingIsReleasedWhileAConnectionIsStillRead) {
  send();
  late();
  now += seconds(60);
  tick();
  EXPECT_EQ(not_found().kind, Kind::wait);
}

TEST_F(WithMaxProcessingTime, Rule3_2_TheClockRunsAnewFromEveryStart) {
  attempt = Attempt::recovered(amount, requested_at, seconds(30), now, now);
  EXPECT_EQ(wake().kind, Kind::ask);
  now += seconds(29);
  EXPECT_EQ(not_found_while_broken().kind, Kind::wait);
  now += seconds(1);
  tick();
  expect_gives_up(not_found_while_broken(), Outcome::released);
}

TEST_F(AttemptTest, ARecoveredAttemptAsksFirstAndIsNeverClean) {
  attempt = Attempt::recovered(amount, requested_at, std::nullopt, now, now + milliseconds(5));
  EXPECT_TRUE(attempt.is_unknown());
  EXPECT_EQ(attempt.wake_at(), now + milliseconds(5));
  post_again();
  EXPECT_EQ(answer(Outcome::refused).kind, Kind::wait);
  post_again();
  expect_settles(answer(Outcome::taken), ours);
}

}  // namespace
}  // namespace payswitch::dispatch
