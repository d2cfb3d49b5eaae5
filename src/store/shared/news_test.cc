#include <gmock/gmock.h>

#include "store/shared/instances_fixture.h"

// What instances tell each other (PROTOCOL 2.4, 2.5, 7.7).
namespace payswitch::store::shared {
namespace {

using testing::ElementsAre;

class News : public Instances {
 protected:
  Instance& one = join();
  Instance& two = join();
  Instance& three = join();

  std::vector<platform::Duration> claim(payment::ProcessorNumber processor,
                                        platform::Duration every) {
    std::vector<platform::Duration> waits;
    for (Instance* each : {&one, &two, &three}) {
      each->peers().claim_poll(processor, every,
                               [&](platform::Duration wait) { waits.push_back(wait); });
    }
    EXPECT_TRUE(until([&] { return waits.size() == 3; }));
    std::ranges::sort(waits);
    return waits;
  }
};

TEST_F(News, OneOfThreePollsInEachPeriod) {
  constexpr auto every = std::chrono::seconds(20);
  const auto waits = claim(cheap, every);
  EXPECT_EQ(waits[0], platform::Duration(0));
  EXPECT_GT(waits[1], std::chrono::seconds(5));
  EXPECT_LE(waits[2], every);
  // Each processor has its own; and a period that is over makes room for the next.
  EXPECT_EQ(claim(dear, every)[0], platform::Duration(0));
  EXPECT_GT(claim(dear, every)[0], platform::Duration(0));
  ASSERT_TRUE(until([&] { return claim(cheap, std::chrono::milliseconds(50))[0].count() == 0; }));
  EXPECT_GT(claim(cheap, every)[0], platform::Duration(0));
}

TEST_F(News, WithoutRedisNobodyPolls) {
  server->kill();
  ASSERT_TRUE(until([&] {
    return !one.store().is_available() && !two.store().is_available() &&
           !three.store().is_available();
  }));
  EXPECT_GT(claim(cheap, std::chrono::seconds(5))[0], platform::Duration(0));
}

TEST_F(News, AClockOfRedisThatWasSetBackDoesNotStopThePolls) {
  server->ask({"HSET", meta_key("health"), "polled:0", "99999999999999"});
  EXPECT_EQ(claim(cheap, std::chrono::seconds(5))[0], platform::Duration(0));
}

TEST_F(News, WhatAPollFoundReachesTheOthersOnceWithItsAge) {
  one.peers().tell_health(dear,
                          {.failing = true, .min_response_time = std::chrono::milliseconds(120)});
  ASSERT_TRUE(until([&] { return !two.health[dear].empty() && !three.health[dear].empty(); }));
  one.peers().tell_health(cheap, {.failing = false});
  ASSERT_TRUE(until([&] { return !two.health[cheap].empty() && !three.health[cheap].empty(); }));
  ASSERT_EQ(two.health[dear].size(), 1u);
  EXPECT_TRUE(two.health[dear][0].failing);
  EXPECT_EQ(two.health[dear][0].min_response_time, std::chrono::milliseconds(120));
  EXPECT_GE(two.health[dear][0].age, platform::Duration(0));
  EXPECT_LT(two.health[dear][0].age, std::chrono::seconds(10));
  EXPECT_FALSE(two.health[cheap][0].failing);
  EXPECT_TRUE(one.health.empty()) << "its own";
}

TEST_F(News, ABreakerThatOpensIsHeardOfOnce) {
  one.report.open_mask = 1u << dear;
  ASSERT_TRUE(until([&] { return !two.opened.empty() && !three.opened.empty(); }));
  EXPECT_THAT(two.opened, ElementsAre(dear));
  EXPECT_TRUE(one.opened.empty());
  one.report.open_mask = 1u << dear | 1u << cheap;
  ASSERT_TRUE(until([&] { return two.opened.size() == 2 && three.opened.size() == 2; }));
  EXPECT_THAT(two.opened, ElementsAre(dear, cheap));
  // When it has closed and opens again it is news again.
  one.report.open_mask = 0;
  one.report.next = at(1);
  ASSERT_TRUE(until([&] { return two.issued == at(1) && three.issued == at(1); }));
  one.report.open_mask = 1u << cheap;
  ASSERT_TRUE(until([&] { return two.opened.size() == 3; }));
}

TEST_F(News, ABreakerThatOpensWhereOthersPaymentsAreTakenIsNoNews) {
  two.report.working_mask = 1u << dear;
  two.report.next = at(1);
  ASSERT_TRUE(until([&] { return one.issued == at(1) && three.issued == at(1); }));
  one.report.open_mask = 1u << dear;
  one.report.next = at(2);
  ASSERT_TRUE(until([&] { return three.issued == at(2); }));
  EXPECT_TRUE(three.opened.empty());
}

TEST_F(News, TheHighestRequestedAtTravels) {
  send(two, 900);  // at(900), by an intent
  ASSERT_TRUE(until([&] { return one.issued >= at(900) && three.issued >= at(900); }));
  three.report.next = at(5'000);  // declared final
  ASSERT_TRUE(until([&] { return one.issued >= at(5'000) && two.issued >= at(5'000); }));
  EXPECT_EQ(one.store().highest_requested_at(), at(5'000));
  // An instance that joins later knows it before it issues anything.
  end(three);
  EXPECT_EQ(join().store().highest_requested_at(), at(5'000));
}

TEST_F(News, Rule6_WhatOneTellsAsFinalIsWhatEveryoneHasConfirmed) {
  const auto confirm = [&](payment::UtcMs told) {
    std::optional<std::optional<payment::UtcMs>> said;
    one.peers().confirm(told, [&](std::optional<payment::UtcMs> until) { said = until; });
    EXPECT_TRUE(until([&] { return said.has_value(); }));
    return said.value_or(std::nullopt);
  };
  one.report.next = at(500);
  two.report.next = at(200);
  EXPECT_EQ(confirm(at(400)), std::nullopt);  // it has joined a moment ago; the third says nothing
  three.report.next = at(300);
  ASSERT_TRUE(until([&] { return confirm(at(400)) == at(199); }));
  EXPECT_EQ(confirm(at(100)), at(100));
  two.report.next = at(600);
  ASSERT_TRUE(until([&] { return confirm(at(400)) == at(299); }));
  three.report.next = at(600);
  ASSERT_TRUE(until([&] { return confirm(at(400)) == at(400); }));
}

TEST_F(News, HowManyLiveIsKnownWhenOneComesAndWhenOneGoes) {
  ASSERT_TRUE(until([&] { return one.living == 3 && two.living == 3 && three.living == 3; }));
  Instance& fourth = join();
  ASSERT_TRUE(until([&] { return one.living == 4 && two.living == 4 && fourth.living == 4; }));
  end(fourth);
  end(three);
  ASSERT_TRUE(until([&] { return one.living == 2 && two.living == 2; }));
}

}  // namespace
}  // namespace payswitch::store::shared
