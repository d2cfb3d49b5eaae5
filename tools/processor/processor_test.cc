#include "tools/processor/processor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace payswitch::lab {
namespace {

using namespace std::chrono_literals;
using Admission = Processor::Admission;

payment::CorrelationId id_of(std::uint8_t number) {
  return payment::CorrelationId({number});
}

Post post_of(std::uint8_t number) {
  return {.id = id_of(number),
          .entry = {.amount = payment::Money::from_cents(1990), .requested_at = {1000}},
          .mischief = {},
          .decided = {}};
}

void set_faults(Processor& processor, std::string_view json) {
  processor.set_faults(Faults::parse(json).value());
}

// A POST from arrival to answer, without anything in between.
PostResponse post(Processor& processor, std::uint8_t number) {
  Post one = post_of(number);
  EXPECT_EQ(processor.arrive(one), Admission::run);
  processor.start(one);
  return processor.finish(one);
}

bool is_booked(Processor& processor, std::uint8_t number) {
  return processor.ledger().find(id_of(number)) != nullptr;
}

TEST(Processor, TakesAPaymentOnceAndSaysSoAfterwards) {
  Processor processor{Fee{}};
  EXPECT_EQ(post(processor, 1), PostResponse::taken);
  EXPECT_EQ(post(processor, 1), PostResponse::already_booked);
  EXPECT_EQ(processor.ledger().size(), 1u);
  EXPECT_EQ(processor.counters().posts_booked, 1u);
}

TEST(Processor, SleepsTheDelayThatIsSetWhenThePostStarts) {
  Processor processor{Fee{}};
  Post one = post_of(1);
  processor.arrive(one);
  processor.settings().delay = 1500ms;
  EXPECT_EQ(processor.start(one), 1500ms);
}

TEST(Processor, DecidesAfterTheSleepAndNotBefore) {
  Processor processor{Fee{}};
  Post fails = post_of(1);
  processor.arrive(fails);
  processor.start(fails);
  EXPECT_FALSE(is_booked(processor, 1));
  processor.settings().failing = true;
  EXPECT_EQ(processor.finish(fails), PostResponse::failing);

  Post lands = post_of(2);
  processor.arrive(lands);
  processor.start(lands);
  processor.settings().failing = false;
  EXPECT_EQ(processor.finish(lands), PostResponse::taken);
  EXPECT_FALSE(is_booked(processor, 1));
  EXPECT_TRUE(is_booked(processor, 2));
}

TEST(Processor, OfTwoPostsOfOneIdTheFirstToFinishIsBooked) {
  Processor processor{Fee{}};
  Post first = post_of(1);
  Post second = post_of(1);
  processor.arrive(first);
  processor.arrive(second);
  processor.start(first);
  processor.start(second);
  EXPECT_EQ(processor.finish(second), PostResponse::taken);
  EXPECT_EQ(processor.finish(first), PostResponse::already_booked);
}

TEST(Processor, AFailingSwitchHidesThatAnIdIsBooked) {
  Processor processor{Fee{}};
  post(processor, 1);
  processor.settings().failing = true;
  EXPECT_EQ(post(processor, 1), PostResponse::failing);
}

TEST(Processor, EightHundredRunFiveHundredWaitAndTheNextIsTurnedAway) {
  Processor processor{Fee{}};
  std::vector<Post> posts(1301);
  for (std::size_t i = 0; i < 800; ++i) ASSERT_EQ(processor.arrive(posts[i]), Admission::run) << i;
  EXPECT_FALSE(processor.start_waiting());
  for (std::size_t i = 800; i < 1300; ++i) {
    ASSERT_FALSE(processor.full());
    ASSERT_EQ(processor.arrive(posts[i]), Admission::wait) << i;
  }
  EXPECT_TRUE(processor.full());
  EXPECT_EQ(processor.arrive(posts[1300]), Admission::turn_away);
  EXPECT_EQ(processor.counters().max_running, 800u);
}

TEST(Processor, AWaitingPostStartsWhenARunningOneHasFinished) {
  Processor processor{Fee{}};
  std::vector<Post> posts(802);
  for (Post& one : posts) processor.arrive(one);
  processor.start(posts[0]);
  processor.finish(posts[0]);
  EXPECT_TRUE(processor.start_waiting());
  EXPECT_FALSE(processor.start_waiting());
  processor.finish(posts[1]);
  processor.finish(posts[2]);
  EXPECT_TRUE(processor.start_waiting());
  EXPECT_FALSE(processor.start_waiting());
  EXPECT_EQ(processor.counters().max_running, 800u);
}

TEST(Processor, APostThatIsTurnedAwayUsesUpNoFault) {
  Processor processor{Fee{}};
  std::vector<Post> posts(1301);
  for (std::size_t i = 0; i < 1300; ++i) processor.arrive(posts[i]);
  set_faults(processor, R"({"post":"drop","count":1})");
  EXPECT_EQ(processor.arrive(posts[1300]), Admission::turn_away);
  for (std::size_t i = 0; i < 501; ++i) {
    processor.finish(posts[i]);
    processor.start_waiting();
  }
  EXPECT_EQ(processor.arrive(posts[1300]), Admission::run);
  EXPECT_EQ(posts[1300].mischief.fault, PostFault::drop);
}

TEST(Processor, FaultsBookAndAnswerAsTheyAreNamed) {
  struct Case {
    const char* name;
    bool booked;
    PostResponse answer;
  };
  for (const auto& [name, booked, answer] : {
           Case{"drop", false, PostResponse::silence},
           Case{"take_and_drop", true, PostResponse::silence},
           Case{"error_booked", true, PostResponse::broken},
           Case{"error_unbooked", false, PostResponse::broken},
           Case{"garble_booked", true, PostResponse::garbled},
           Case{"garble_unbooked", false, PostResponse::garbled},
           Case{"status", false, PostResponse::status},
       }) {
    Processor processor{Fee{}};
    processor.settings().delay = 1000ms;
    set_faults(processor, std::string(R"({"status":503,"count":1,"post":")") + name + "\"}");
    Post one = post_of(1);
    processor.arrive(one);
    EXPECT_EQ(processor.start(one), 0ms) << name;
    EXPECT_EQ(processor.finish(one), answer) << name;
    EXPECT_EQ(is_booked(processor, 1), booked) << name;
    EXPECT_EQ(post(processor, 2), PostResponse::taken) << name;
  }
}

TEST(Processor, ALateTakerBooksAfterItsSleepWhateverTheSwitchSays) {
  Processor processor{Fee{}};
  set_faults(processor, R"({"post":"take_late","late_ms":3000,"count":1})");
  Post late = post_of(1);
  processor.arrive(late);
  EXPECT_EQ(processor.start(late), 3000ms);
  EXPECT_FALSE(is_booked(processor, 1));
  processor.settings().failing = true;
  EXPECT_EQ(post(processor, 1), PostResponse::failing);
  EXPECT_EQ(processor.finish(late), PostResponse::taken);
  EXPECT_TRUE(is_booked(processor, 1));
}

TEST(Processor, ALateTakerDoesNotBookASecondTime) {
  Processor processor{Fee{}};
  set_faults(processor, R"({"post":"take_late","late_ms":3000,"count":1})");
  Post late = post_of(1);
  processor.arrive(late);
  processor.start(late);
  EXPECT_EQ(post(processor, 1), PostResponse::taken);
  EXPECT_EQ(processor.finish(late), PostResponse::already_booked);
}

TEST(Processor, ALateAnswererBooksBeforeItsSleep) {
  Processor processor{Fee{}};
  set_faults(processor, R"({"post":"answer_late","late_ms":3000,"count":1})");
  Post late = post_of(1);
  processor.arrive(late);
  EXPECT_EQ(processor.start(late), 3000ms);
  EXPECT_TRUE(is_booked(processor, 1));
  EXPECT_EQ(post(processor, 1), PostResponse::already_booked);
  processor.settings().failing = true;
  EXPECT_EQ(processor.finish(late), PostResponse::taken);
}

TEST(Processor, AnswersOneHealthCallInFiveSeconds) {
  Processor processor{Fee{}};
  const platform::Instant start{std::chrono::hours(1)};
  EXPECT_TRUE(processor.admit_health_call(start));
  EXPECT_FALSE(processor.admit_health_call(start + 4999ms));
  EXPECT_TRUE(processor.admit_health_call(start + 5000ms));
  EXPECT_FALSE(processor.admit_health_call(start + 9999ms));
  EXPECT_EQ(processor.counters().health_calls, 4u);
  EXPECT_EQ(processor.counters().health_throttled, 2u);
}

}  // namespace
}  // namespace payswitch::lab
