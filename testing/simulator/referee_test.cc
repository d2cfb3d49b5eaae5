#include "testing/simulator/referee.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::lab::simulator {
namespace {

using payment::Money;
using payment::UtcMs;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr std::size_t cheap = 0;
constexpr std::size_t dear = 1;

// One payment of 19.90 in a world without faults, told to the referee step by step. The proof that
// it notices what it is there for.
class RefereeTest : public testing::Test {
 protected:
  RefereeTest() {
    referee_.started(plan_.settings.max_in_flight);
    referee_.sent(0, amount_);
  }

  Posting arrives(std::size_t processor, UtcMs requested_at) {
    const Posting posting{
        .id = id_of(0), .amount = amount_, .requested_at = requested_at, .at = world_.now()};
    referee_.posted(processor, posting);
    return posting;
  }
  Posting arrives(std::size_t processor) { return arrives(processor, world_.wall()); }

  void books(std::size_t processor, const Posting& posting) {
    referee_.booked(processor, posting);
    referee_.answered(processor, posting, Reading::taken);
  }

  void promise() { referee_.answered_client(0, amount_, {.status = 202, .body = {}}); }

  void sums(std::string_view count, std::string_view amount) {
    referee_.saw_summary(
        {}, now(),
        {.status = 200,
         .body = fmt::format(R"({{"default":{{"totalRequests":{},"totalAmount":{}}},)"
                             R"("fallback":{{"totalRequests":0,"totalAmount":0.00}}}})",
                             count, amount),
         .final_until = world_.wall()});
  }

  Judge::Asked now() const { return {.at = world_.now(), .wall = world_.wall()}; }

  std::string verdict() const { return referee_.violation().value_or("none"); }

  World world_;
  FaultPlan plan_;
  Trace trace_{world_, nullptr};
  Referee referee_{world_, plan_, trace_};
  const Money amount_ = Money::from_cents(1990);
};

TEST_F(RefereeTest, AGoodLifePasses) {
  promise();
  books(cheap, arrives(cheap));
  world_.run_for(seconds(1));
  sums("1", "19.90");
  referee_.expect_equality();
  sums("1", "19.90");
  referee_.expect_everything_charged();
  EXPECT_EQ(verdict(), "none");
}

TEST_F(RefereeTest, NumbersGoIntoIdsAndBack) {
  for (const std::uint32_t n : {0u, 1u, 255u, 256u, 1'000'000u}) EXPECT_EQ(number_of(id_of(n)), n);
}

TEST_F(RefereeTest, ChargedTwice) {
  const auto first = arrives(cheap);
  referee_.answered(cheap, first, Reading::refused);
  world_.run_for(milliseconds(5));
  const auto second = arrives(dear);
  books(cheap, first);
  EXPECT_EQ(verdict(), "none");
  books(dear, second);
  EXPECT_THAT(verdict(), HasSubstr("charged at default and at fallback"));
}

TEST_F(RefereeTest, LeavesAProcessorThatHasNotRefused) {
  arrives(cheap);
  world_.run_for(milliseconds(5));
  arrives(dear);
  EXPECT_THAT(verdict(), HasSubstr("were not refused"));
}

TEST_F(RefereeTest, AGetThatCameInAtTheOperatorsLimitReleases) {
  plan_.settings.max_processing_time = seconds(20);
  arrives(cheap);
  world_.run_for(seconds(20));
  referee_.denied(cheap, id_of(0), world_.now());
  arrives(dear);
  EXPECT_EQ(verdict(), "none");
}

// However late it was answered.
TEST_F(RefereeTest, AGetThatCameInBeforeTheOperatorsLimitReleasesNothing) {
  plan_.settings.max_processing_time = seconds(20);
  arrives(cheap);
  world_.run_for(seconds(20) - milliseconds(1));
  const auto came_in = world_.now();
  world_.run_for(seconds(5));
  referee_.denied(cheap, id_of(0), came_in);
  arrives(dear);
  EXPECT_THAT(verdict(), HasSubstr("were not refused"));
}

TEST_F(RefereeTest, WhatWasToldToOneWhoWaitedIsTakenBackByTheNextLife) {
  const auto posting = arrives(cheap);
  books(cheap, posting);
  const auto shown = [&](std::string_view state) {
    return Received{.status = 200,
                    .body = fmt::format(R"({{"amount":19.90,"state":"{}","processor":"default",)"
                                        R"("requestedAt":"{}"}})",
                                        state, payment::format_iso8601(posting.requested_at))};
  };
  auto waited = now();
  referee_.saw_status(0, waited, shown("settled"));
  referee_.started(plan_.settings.max_in_flight);
  referee_.saw_status(0, now(), shown("unknown"));
  EXPECT_EQ(verdict(), "none");  // it was not told to one who waited
  waited = now();
  waited.waits = true;
  referee_.saw_status(0, waited, shown("settled"));
  world_.run_for(seconds(1));
  referee_.started(plan_.settings.max_in_flight);
  referee_.saw_status(0, now(), shown("unknown"));
  EXPECT_THAT(verdict(), HasSubstr("a client that waited was told"));
}

TEST_F(RefereeTest, AnUnclearAnswerIsNoRefusal) {
  referee_.answered(cheap, arrives(cheap), Reading::unclear);
  world_.run_for(milliseconds(5));
  arrives(cheap);
  EXPECT_THAT(verdict(), HasSubstr("were not refused"));
}

TEST_F(RefereeTest, ARefusedAttemptIsNotSentAgain) {
  const auto first = arrives(cheap);
  world_.run_for(milliseconds(5));
  referee_.answered(cheap, first, Reading::refused);
  world_.run_for(milliseconds(5));
  arrives(cheap, first.requested_at);
  EXPECT_THAT(verdict(), HasSubstr("refused this attempt, and gets it again"));
}

TEST_F(RefereeTest, AfterADeathItMayBe) {
  const auto first = arrives(cheap);
  world_.run_for(milliseconds(5));
  referee_.answered(cheap, first, Reading::refused);
  referee_.started(plan_.settings.max_in_flight);
  world_.run_for(milliseconds(5));
  arrives(cheap, first.requested_at);
  EXPECT_EQ(verdict(), "none");
}

TEST_F(RefereeTest, TwoPostsAtOnce) {
  const auto first = arrives(cheap);
  world_.run_for(plan_.settings.hang_up / 2);
  arrives(cheap, first.requested_at);
  EXPECT_THAT(verdict(), HasSubstr("two POSTs at default at once"));
}

TEST_F(RefereeTest, OnceTheConnectionIsClosedItMayPostAgain) {
  const auto first = arrives(cheap);
  world_.run_for(plan_.settings.hang_up + milliseconds(1));
  arrives(cheap, first.requested_at);
  EXPECT_EQ(verdict(), "none");
}

TEST_F(RefereeTest, ARequestedAtThatIsOldOrAhead) {
  world_.run_for(seconds(2));
  arrives(cheap, {world_.wall().value - 200});
  EXPECT_THAT(verdict(), HasSubstr("200 ms old"));
  Referee other(world_, plan_, trace_);
  other.started(plan_.settings.max_in_flight);
  other.sent(0, amount_);
  other.posted(cheap, {id_of(0), amount_, {world_.wall().value + 50}, world_.now()});
  EXPECT_THAT(other.violation().value_or("none"), HasSubstr("ahead of every clock"));
}

TEST_F(RefereeTest, ARequestedAtInATimeThatWasTold) {
  referee_.saw_summary({}, now(),
                       {.status = 200,
                        .body = R"({"default":{"totalRequests":0,"totalAmount":0.00},)"
                                R"("fallback":{"totalRequests":0,"totalAmount":0.00}})",
                        .final_until = world_.wall()});
  const auto told = world_.wall();
  world_.run_for(seconds(1));
  arrives(cheap, told);
  EXPECT_THAT(verdict(), HasSubstr("told as final"));
}

TEST_F(RefereeTest, ASumThatLacksWhatTheSwitchWasTold) {
  books(cheap, arrives(cheap));
  sums("0", "0.00");
  EXPECT_EQ(verdict(), "none");  // it is on its way
  world_.run_for(seconds(1));
  sums("0", "0.00");
  EXPECT_THAT(verdict(), HasSubstr("we were told of 1, 1990"));
}

TEST_F(RefereeTest, ASumThatTheProcessorDoesNotHave) {
  sums("1", "19.90");
  EXPECT_THAT(verdict(), HasSubstr("the processor has 0, 0"));
}

TEST_F(RefereeTest, ACentTooMuch) {
  books(cheap, arrives(cheap));
  sums("1", "19.91");
  EXPECT_THAT(verdict(), HasSubstr("1 payments, 1991 cents"));
}

TEST_F(RefereeTest, APromiseThatIsForgottenOrNeverKept) {
  promise();
  referee_.expect_everything_charged();
  EXPECT_THAT(verdict(), HasSubstr("promised, and never charged"));
  Referee other(world_, plan_, trace_);
  other.started(plan_.settings.max_in_flight);
  other.sent(0, amount_);
  other.answered_client(0, amount_, {.status = 202, .body = {}});
  other.saw_status(0, now(), {.status = 404, .body = {}});
  EXPECT_THAT(other.violation().value_or("none"), HasSubstr("promised, and forgotten"));
}

TEST_F(RefereeTest, AnotherAmountOfTheSameId) {
  promise();
  const auto other = Money::from_cents(5);
  referee_.sent(0, other);
  referee_.answered_client(0, other, {.status = 422, .body = {}});
  EXPECT_EQ(verdict(), "none");
  referee_.answered_client(0, other, {.status = 202, .body = {}});
  EXPECT_THAT(verdict(), HasSubstr("answered 202 with amount 0.05, but 19.90 was kept"));
}

TEST_F(RefereeTest, AConflictWithTheSameAmount) {
  promise();
  referee_.answered_client(0, amount_, {.status = 422, .body = {}});
  EXPECT_THAT(verdict(), HasSubstr("422 for the amount that was kept"));
}

TEST_F(RefereeTest, SettledIsForEver) {
  promise();
  const auto posting = arrives(cheap);
  books(cheap, posting);
  referee_.saw_status(
      0, now(),
      {.status = 200,
       .body = fmt::format(R"({{"state":"settled","amount":19.90,"processor":"default",)"
                           R"("requestedAt":"{}"}})",
                           payment::format_iso8601(posting.requested_at))});
  EXPECT_EQ(verdict(), "none");
  referee_.saw_status(0, now(), {.status = 200, .body = R"({"state":"unknown","amount":19.90})"});
  EXPECT_THAT(verdict(), HasSubstr("was settled, and is unknown now"));
}

TEST_F(RefereeTest, SettledWhereItIsNotBooked) {
  referee_.saw_status(0, now(),
                      {.status = 200,
                       .body = R"({"state":"settled","amount":19.90,"processor":"default",)"
                               R"("requestedAt":"2025-06-15T00:00:00.000Z"})"});
  EXPECT_THAT(verdict(), HasSubstr("settled otherwise than it is booked"));
}

TEST_F(RefereeTest, ParkedThoughNobodySaidThatItIsOurFault) {
  referee_.saw_status(0, now(), {.status = 200, .body = R"({"state":"parked","amount":19.90})"});
  EXPECT_THAT(verdict(), HasSubstr("parked, though no processor said"));
}

TEST_F(RefereeTest, AnAnswerThatNothingExplains) {
  referee_.answered_client(0, amount_, {.status = 503, .body = {}});
  EXPECT_THAT(verdict(), HasSubstr("answered 503"));
}

// -- a copy of the directory that is restored

TEST_F(RefereeTest, WhatWasPromisedAfterTheCopyMayBeForgottenAndKeptAnew) {
  referee_.copied();
  promise();
  referee_.restored();
  EXPECT_THAT(referee_.not_in_the_copy(), testing::ElementsAre(0u));
  referee_.saw_status(0, now(), {.status = 404, .body = {}});
  referee_.sent(0, Money::from_cents(5));
  referee_.answered_client(0, Money::from_cents(5), {.status = 202, .body = {}});
  EXPECT_EQ(verdict(), "none");
}

TEST_F(RefereeTest, WhatWasPromisedBeforeTheCopyIsKept) {
  promise();
  referee_.copied();
  referee_.restored();
  EXPECT_THAT(referee_.not_in_the_copy(), testing::IsEmpty());
  referee_.saw_status(0, now(), {.status = 404, .body = {}});
  EXPECT_THAT(verdict(), HasSubstr("promised, and forgotten"));
}

TEST_F(RefereeTest, WhatWasBookedBeforeTheRestoreIsNotSentAgain) {
  referee_.copied();
  books(cheap, arrives(cheap));
  referee_.restored();
  referee_.started(1);
  world_.run_for(seconds(1));
  arrives(cheap);
  EXPECT_THAT(verdict(), HasSubstr("default had it before the copy was restored"));
}

TEST_F(RefereeTest, MaxInFlightIsThatOfThisLife) {
  referee_.started(1);
  referee_.sent(1, amount_);
  arrives(cheap);
  EXPECT_EQ(verdict(), "none");
  referee_.posted(
      cheap,
      {.id = id_of(1), .amount = amount_, .requested_at = world_.wall(), .at = world_.now()});
  EXPECT_THAT(verdict(), HasSubstr("2 POSTs in flight at default, max_in_flight is 1"));
}

}  // namespace
}  // namespace payswitch::lab::simulator
