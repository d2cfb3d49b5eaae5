#include "redis/handshake.h"
#include "store/shared/instances_fixture.h"

// Replies that are lost, a Redis that is away, and one that is full (PROTOCOL 7.2, 7.3).
namespace payswitch::store::shared {
namespace {

using payment::State;

class Away : public Instances {
 protected:
  Instance& join_behind_a_proxy() { return join(lease, true); }
  // The next connection is as good as any.
  void cut(Instance& instance) {
    instance.proxy->cut();
    instance.proxy->loses_requests = false;
    instance.proxy->loses_replies = false;
  }
  [[nodiscard]] bool is_back(Instance& instance) {
    return until([&] { return instance.store().is_available() && instance.store().idle(); });
  }
  std::optional<Verdict> verdict;
  Store::AcceptDone told() {
    return [this](Verdict given) { verdict = given; };
  }
};

TEST_F(Away, AnAcceptThatRanAndWhoseReplyIsLostIsUnavailableAndAdoptedExactlyOnce) {
  Instance& instance = join_behind_a_proxy();
  instance.proxy->loses_replies = true;
  const Intent first = intent(1, at(1));
  instance.store().accept(acceptance(1, 1990, first), told());
  ASSERT_TRUE(until([&] { return exists(1); }));
  EXPECT_FALSE(verdict);
  cut(instance);
  ASSERT_TRUE(until([&] { return verdict.has_value(); }));
  EXPECT_EQ(*verdict, Verdict::unavailable);
  ASSERT_TRUE(until([&] { return has_adopted(instance, 1); }));
  ASSERT_TRUE(instance.adopted[0].unanswered);
  EXPECT_EQ(instance.adopted[0].unanswered->requested_at, first.requested_at);
  EXPECT_EQ(accept(instance, acceptance(1)), Verdict::replayed);

  // Nor later, by the search for orphans.
  Instance& other = join(short_lease);
  send(other, 2);
  end(other);
  ASSERT_TRUE(until([&] { return has_adopted(instance, 2); }));
  EXPECT_EQ(times_adopted(instance, 1), 1u);
  settle(instance, 1, settlement(first));
  EXPECT_EQ(summary(instance)[cheap].count, 1u);
}

TEST_F(Away, AnAcceptWhoseReplyIsLostIsToldWhatBecameOfItWhenRedisIsBackInTime) {
  verdict_within = std::chrono::seconds(60);
  Instance& instance = join_behind_a_proxy();
  instance.proxy->loses_replies = true;
  instance.store().accept(acceptance(1), told());
  ASSERT_TRUE(until([&] { return exists(1); }));
  cut(instance);
  ASSERT_TRUE(until([&] { return verdict.has_value(); }));
  EXPECT_EQ(*verdict, Verdict::accepted);
  EXPECT_TRUE(instance.adopted.empty());

  verdict.reset();
  instance.proxy->loses_replies = false;
  instance.proxy->loses_requests = true;
  const auto lost = instance.proxy->bytes_lost;
  instance.store().accept(acceptance(2), told());
  ASSERT_TRUE(until([&] { return instance.proxy->bytes_lost > lost; }));
  cut(instance);
  ASSERT_TRUE(until([&] { return verdict.has_value(); }));
  EXPECT_EQ(*verdict, Verdict::not_admitted) << "it did not run, and shall not run later";
  EXPECT_FALSE(exists(2));
}

TEST_F(Away, AnAcceptWhoseReplyIsLostIsToldAlsoWhenTheLeaseHasRunOutMeanwhile) {
  verdict_within = std::chrono::seconds(60);
  Instance& instance = join(short_lease, true);
  instance.proxy->loses_replies = true;
  const Intent first = intent(1, at(1));
  instance.store().accept(acceptance(1, 1990, first), told());
  ASSERT_TRUE(until([&] { return exists(1); }));
  oversleep(instance);
  instance.is_asleep = false;
  cut(instance);
  ASSERT_TRUE(until([&] { return verdict.has_value(); }));
  EXPECT_EQ(*verdict, Verdict::accepted);
  ASSERT_TRUE(is_back(instance));
  EXPECT_TRUE(instance.was_told(platform::Level::warn, "lease had run out"));
  EXPECT_EQ(owner(1), instance.name());
  EXPECT_TRUE(instance.adopted.empty())
      << "the caller that waited for the verdict is at work on it";
  settle(instance, 1, settlement(first));
  EXPECT_EQ(summary(instance)[cheap].count, 1u);
  EXPECT_EQ(instance.store().counters().open(), 0u);
}

TEST_F(Away, AnAcceptThatDidNotRunIsUnavailableAndNotCreatedLater) {
  Instance& instance = join_behind_a_proxy();
  instance.proxy->loses_requests = true;
  instance.store().accept(acceptance(1), told());
  ASSERT_TRUE(until([&] { return instance.proxy->bytes_lost > 0; }));
  cut(instance);
  ASSERT_TRUE(until([&] { return verdict.has_value(); }));
  EXPECT_EQ(*verdict, Verdict::unavailable);
  ASSERT_TRUE(is_back(instance));
  EXPECT_FALSE(exists(1));
  EXPECT_TRUE(instance.adopted.empty());
  EXPECT_EQ(accept(instance, acceptance(1)), Verdict::accepted);
}

TEST_F(Away, AnOrphanOfAnAcceptThatNobodyRemembersIsAdopted) {
  // What an instance finds under its own name, and has no job for.
  Instance& instance = join();
  Scripts scripts;
  const Call call = call_of(accept_operation(acceptance(1, 1990, intent(1, at(1))), 99), scripts,
                            {.instance = instance.name(), .process = "somebody"}, "");
  std::vector<std::string> words{"EVAL", call.script->source(), std::to_string(call.keys.size())};
  words.insert(words.end(), call.keys.begin(), call.keys.end());
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  ASSERT_EQ(server->ask(words).elements.at(0).integer, 0);
  ASSERT_TRUE(until([&] { return has_adopted(instance, 1); }));
  EXPECT_TRUE(instance.adopted[0].unanswered);
  settle(instance, 1, settlement(intent(1, at(1))));
  EXPECT_EQ(instance.adopted.size(), 1u);
}

TEST_F(Away, StepsWhoseRepliesAreLostAreRepeatedAndHappenOnce) {
  Instance& instance = join_behind_a_proxy();
  const Intent first = send(instance, 1);
  send(instance, 2);
  ASSERT_EQ(accept(instance, acceptance(3)), Verdict::accepted);
  const Intent fourth = send(instance, 4);
  refuse(instance, 4, fourth);
  instance.proxy->loses_replies = true;
  bool is_settled = false;
  std::optional<bool> granted;
  bool is_parked = false;
  instance.store().settle(test_id(1), settlement(first), [&] { is_settled = true; });
  instance.store().refuse(test_id(2), {.processor = cheap, .number = 1});
  instance.store().intend(test_id(3), intent(1, at(3), dear),
                          [&](bool is_granted) { granted = is_granted; });
  instance.store().park(test_id(4), at(5), [&] { is_parked = true; });
  ASSERT_TRUE(until([&] { return field(4, "s") == "4"; }));
  EXPECT_FALSE(is_settled || granted || is_parked);
  cut(instance);
  ASSERT_TRUE(until([&] { return is_settled && granted && is_parked; }));
  EXPECT_TRUE(*granted);
  EXPECT_EQ(summary(instance)[cheap], (payment::Total{.count = 1, .cents = 1990}));
  EXPECT_EQ(find(instance, 2)->attempts.size(), 1u);
  EXPECT_EQ(find(instance, 3)->attempts_made, 1u);
  EXPECT_EQ(find(instance, 4)->state, State::parked);
  EXPECT_TRUE(instance.adopted.empty());
}

TEST_F(Away, StepsThatDidNotRunAreDoneWhenRedisIsBack) {
  Instance& instance = join();
  const Intent first = send(instance, 1);
  ASSERT_EQ(accept(instance, acceptance(2)), Verdict::accepted);
  server->kill();
  ASSERT_TRUE(until([&] { return !instance.store().is_available(); }));
  bool is_settled = false;
  std::optional<bool> granted;
  instance.store().settle(test_id(1), settlement(first), [&] { is_settled = true; });
  instance.store().intend(test_id(2), intent(1, at(2)),
                          [&](bool is_granted) { granted = is_granted; });
  EXPECT_EQ(accept(instance, acceptance(3)), Verdict::unavailable);
  EXPECT_FALSE(instance.store().idle());
  server->start();
  ASSERT_TRUE(until([&] { return is_settled && granted; }));
  EXPECT_TRUE(*granted);
  EXPECT_FALSE(exists(3));
  EXPECT_EQ(summary(instance)[cheap].count, 1u);
}

TEST_F(Away, WhileItIsNothingCanBeRead) {
  Instance& instance = join();
  settle(instance, 1, settlement(send(instance, 1)));
  server->kill();
  ASSERT_TRUE(until([&] { return !instance.store().is_available(); }));
  EXPECT_TRUE(summary(instance).empty());
  std::optional<bool> has_answer;
  instance.store().find(test_id(1),
                        [&](const Store::Found& found) { has_answer = found.has_value(); });
  ASSERT_TRUE(until([&] { return has_answer.has_value(); }));
  EXPECT_FALSE(*has_answer);
  server->start();
  ASSERT_TRUE(is_back(instance));
  EXPECT_EQ(summary(instance)[cheap].count, 1u);
}

TEST_F(Away, ASummaryThatIsCutOnItsWayIsUnavailable) {
  Instance& instance = join_behind_a_proxy();
  instance.proxy->loses_replies = true;
  std::optional<bool> has_answer;
  instance.store().summary({}, [&](const auto& said) { has_answer = said.has_value(); });
  ASSERT_TRUE(until([&] { return instance.proxy->bytes_lost > 0; }));
  cut(instance);
  ASSERT_TRUE(until([&] { return has_answer.has_value(); }));
  EXPECT_FALSE(*has_answer);
}

TEST_F(Away, ASummaryThatOneShardDoesNotAnswerIsUnavailable) {
  Instance& instance = join();
  settle(instance, 1, settlement(send(instance, 1)));
  ASSERT_EQ(summary(instance)[cheap].count, 1u);
  // One shard of 64 answers with an error, as a node of a cluster that is gone would.
  const unsigned other = (shard_of(test_id(1)) + 1) % shard_count;
  server->ask({"SET", shard_key(other, widest_count_of, cheap), "this is no hash"});
  EXPECT_TRUE(summary(instance).empty());
  server->ask({"DEL", shard_key(other, widest_count_of, cheap)});
  EXPECT_EQ(summary(instance)[cheap].count, 1u);
}

// -- memory ---------------------------------------------------------------------------------------

class Full : public Away {
 protected:
  Full() { serve({.appendfsync = "no", .settings = {"maxmemory 200mb"}}); }

  double used() const {
    const std::string info = server->ask({"INFO", "memory"}).text;
    return std::atof(std::string(wire::info_field(info, "used_memory")).c_str());
  }
  // So much that what connections use does not matter.
  void fill() { server->ask({"SETRANGE", "filler", "40000000", "x"}); }
  void allow(double memory) {
    const auto bytes = static_cast<std::int64_t>(memory);
    EXPECT_EQ(server->ask({"CONFIG", "SET", "maxmemory", std::to_string(bytes)}).text, "OK");
  }
  void expect_that_what_was_accepted_can_be_settled(Instance& instance, std::uint32_t number) {
    EXPECT_TRUE(intend(instance, number, intent(1, at(number))));
    refuse(instance, number, intent(1, at(number)));
    EXPECT_TRUE(intend(instance, number, intent(2, at(number + 50), dear)));
    settle(instance, number, settlement(intent(2, at(number + 50), dear)));
    EXPECT_EQ(find(instance, number)->state, State::settled);
  }
};

TEST_F(Full, AtNineTenthsNothingNewIsAccepted) {
  fill();
  Instance& instance = join();
  ASSERT_EQ(accept(instance, acceptance(1)), Verdict::accepted);
  allow(used() / 0.95);
  ASSERT_TRUE(until([&] { return instance.was_told(platform::Level::error, "nine tenths"); }));
  EXPECT_EQ(accept(instance, acceptance(2)), Verdict::not_admitted);
  EXPECT_EQ(server->ask({"SET", "x", "y"}).text, "OK") << "Redis itself would take it";
  EXPECT_EQ(accept(instance, acceptance(1)), Verdict::replayed);
  EXPECT_EQ(accept(instance, acceptance(1, 5)), Verdict::conflict);
  expect_that_what_was_accepted_can_be_settled(instance, 1);
  allow(used() / 0.8);
  ASSERT_TRUE(until([&] { return accept(instance, acceptance(2)) == Verdict::accepted; }));
}

TEST_F(Full, WithoutAnyMemoryWhatWasAcceptedIsStillSettledAndTakenOver) {
  fill();
  // Its beats are rare: it does not learn that Redis is full before Redis says so itself.
  Instance& instance = join(std::chrono::seconds(100));
  Instance& dying = join(short_lease);
  ASSERT_EQ(accept(instance, acceptance(1)), Verdict::accepted);
  ASSERT_EQ(accept(dying, acceptance(2)), Verdict::accepted);
  allow(used() / 2);
  EXPECT_EQ(accept(instance, acceptance(3)), Verdict::not_admitted);
  EXPECT_FALSE(exists(3));
  expect_that_what_was_accepted_can_be_settled(instance, 1);

  end(dying);
  Instance& heir = join();
  ASSERT_TRUE(until([&] { return has_adopted(heir, 2); }));
  expect_that_what_was_accepted_can_be_settled(heir, 2);
  EXPECT_EQ(summary(heir)[dear].count, 2u);
}

TEST_F(Full, NewsOfHealthDoNotStopTheStore) {
  fill();
  Instance& instance = join();
  Instance& other = join();
  allow(used() / 2);
  instance.peers().tell_health(cheap, {.failing = true});
  ASSERT_TRUE(until([&] { return !other.health[cheap].empty(); }));
  EXPECT_TRUE(other.health[cheap].back().failing);
  EXPECT_FALSE(instance.was_told(platform::Level::warn, "redis is away"));
}

}  // namespace
}  // namespace payswitch::store::shared
