#include <filesystem>

#include "store/shared/instances_fixture.h"

// A Redis that was restarted, and one that has forgotten what it was told (PROTOCOL 7.5).
namespace payswitch::store::shared {
namespace {

namespace fs = std::filesystem;
using payment::State;

class Forgetting : public Instances {
 protected:
  void SetUp() override {
    serve();
    directory_ = server->ask({"CONFIG", "GET", "dir"}).elements.at(1).text;
  }

  // What a loss of power leaves behind when the last writes were not synced: the file as it was.
  void remember_the_file() {
    fs::remove_all(copy());
    fs::copy(files(), copy(), fs::copy_options::recursive);
  }
  void go_back_to_the_file() {
    server->kill();
    fs::remove_all(files());
    fs::copy(copy(), files(), fs::copy_options::recursive);
    server->start();
  }

  // Everything of these payments that lies in Redis, whose names of owners may change.
  std::map<std::string, std::string> kept(std::uint32_t first, std::uint32_t last) const {
    std::map<std::string, std::string> all;
    for (std::uint32_t number = first; number <= last; ++number) {
      const auto fields = server->ask({"HGETALL", payment_key(test_id(number))}).elements;
      for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        if (fields[i].text == "o") continue;
        all[std::to_string(number) + fields[i].text] = fields[i + 1].text;
      }
    }
    return all;
  }
  [[nodiscard]] bool is_back(Instance& instance) {
    if (!until([&] { return !instance.store().is_available(); })) return false;
    return until([&] { return instance.store().is_available() && instance.store().idle(); });
  }

  // One payment of each kind. Numbers from `base` + 1 to + 5.
  void live(Instance& instance, std::uint32_t base) {
    settle(instance, base + 1, settlement(send(instance, base + 1, 100), 100));
    send(instance, base + 2);
    EXPECT_EQ(accept(instance, acceptance(base + 3)), Verdict::accepted);
    refuse(instance, base + 4, send(instance, base + 4), payment::Outcome::our_fault);
    EXPECT_TRUE(intend(instance, base + 4, intent(2, at(base + 4), dear)));
    refuse(instance, base + 5, send(instance, base + 5));
    park(instance, base + 5);
  }

 private:
  fs::path files() const { return directory_ / "appendonlydir"; }
  fs::path copy() const { return directory_ / "copy"; }

  fs::path directory_;
};

TEST_F(Forgetting, TheLastWritesAreWrittenAgainInOrderAndCountOnce) {
  // Its lease outlives the restart: it stays who it was.
  Instance& instance = join(std::chrono::seconds(100));
  live(instance, 0);
  remember_the_file();
  const std::string name = instance.name();
  live(instance, 10);
  settle(instance, 2, settlement(intent(1, at(2)), 700));
  const auto before = kept(1, 15);
  const auto sums = summary(instance);
  ASSERT_EQ(sums[cheap].count, 3u);
  go_back_to_the_file();
  EXPECT_FALSE(exists(11)) << "it has forgotten";
  ASSERT_TRUE(is_back(instance));
  EXPECT_EQ(kept(1, 15), before);
  EXPECT_EQ(summary(instance), sums);
  EXPECT_EQ(instance.name(), name);
  EXPECT_EQ(owner(13), name);
  EXPECT_TRUE(instance.adopted.empty());
  // Life goes on where it was.
  EXPECT_TRUE(intend(instance, 13, intent(1, at(13))));
  settle(instance, 14, settlement(intent(2, at(14), dear)));
  settle(instance, 12, settlement(intent(1, at(12))));
  EXPECT_EQ(summary(instance)[cheap].count, 4u);
  EXPECT_EQ(instance.store().counters().findings, 0u);
}

TEST_F(Forgetting, ARestartThatForgetsNothingChangesNothing) {
  Instance& instance = join(std::chrono::seconds(100));
  live(instance, 0);
  const auto before = kept(1, 5);
  const auto sums = summary(instance);
  for (int i = 0; i < 2; ++i) {
    server->kill();
    server->start();
    ASSERT_TRUE(is_back(instance));
    EXPECT_EQ(kept(1, 5), before);
    EXPECT_EQ(summary(instance), sums);
  }
}

TEST_F(Forgetting, ARepeatOfWhatOnlyWeRememberIsAReplayAndGetsNoSecondJob) {
  Instance& instance = join(std::chrono::seconds(100));
  const Intent first = send(instance, 1);
  server->ask(
      {"DEL", payment_key(test_id(1)), shard_key(shard_of(test_id(1)), own, instance.name())});
  EXPECT_EQ(accept(instance, acceptance(1)), Verdict::replayed);
  EXPECT_TRUE(exists(1)) << "it is kept again";
  EXPECT_TRUE(instance.adopted.empty());
  settle(instance, 1, settlement(first));
  EXPECT_EQ(summary(instance)[cheap].count, 1u);
  EXPECT_EQ(instance.store().counters().open(), 0u);
}

TEST_F(Forgetting, WhoWasSaidToBeUnavailableIsNotCreatedByTheWritingAgain) {
  Instance& instance = join(std::chrono::seconds(100), true);
  remember_the_file();
  instance.proxy->loses_replies = true;
  std::optional<Verdict> verdict;
  instance.store().accept(acceptance(1), [&](Verdict given) { verdict = given; });
  ASSERT_TRUE(until([&] { return exists(1); }));
  go_back_to_the_file();
  ASSERT_TRUE(until([&] { return verdict.has_value(); }));
  instance.proxy->loses_replies = false;
  ASSERT_TRUE(until([&] { return instance.store().is_available() && instance.store().idle(); }));
  EXPECT_EQ(*verdict, Verdict::unavailable);
  EXPECT_FALSE(exists(1));
  EXPECT_EQ(accept(instance, acceptance(1)), Verdict::accepted);
}

TEST_F(Forgetting, NobodyTakesOverForOneLeaseAfterARestart) {
  constexpr auto its_lease = std::chrono::seconds(1);
  Instance& patient = join(its_lease);
  Instance& dying = join(std::chrono::milliseconds(100));
  send(dying, 1);
  const std::string name = dying.name();
  end(dying);
  server->kill();
  server->start();
  // The one who might take over hears of the restart only after that lease is over.
  while (!lease_has_run_out(name)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto heard_of_it = std::chrono::steady_clock::now();
  ASSERT_TRUE(until([&] { return has_adopted(patient, 1); }));
  EXPECT_GE(std::chrono::steady_clock::now() - heard_of_it, its_lease);
}

TEST_F(Forgetting, WhatWasTakenOverAndIsForgottenAsSuchGoesOn) {
  Instance& heir = join();
  Instance& dying = join(short_lease);
  const Intent first = send(dying, 1);
  ASSERT_EQ(accept(dying, acceptance(2)), Verdict::accepted);
  remember_the_file();
  end(dying);
  ASSERT_TRUE(until([&] { return heir.adopted.size() == 2; }));
  go_back_to_the_file();
  ASSERT_TRUE(is_back(heir));
  EXPECT_NE(owner(1), heir.name());
  settle(heir, 1, settlement(first));
  EXPECT_EQ(find(heir, 1)->state, State::settled);
  // By Redis it is the dead one's again: it has to be taken over once more.
  EXPECT_FALSE(intend(heir, 2, intent(1, at(2))));
  ASSERT_TRUE(until([&] { return times_adopted(heir, 2) == 2; }));
  EXPECT_TRUE(intend(heir, 2, intent(1, at(2))));
  EXPECT_EQ(times_adopted(heir, 1), 1u);
}

// -- a Redis that keeps nothing -------------------------------------------------------------------

class Amnesia : public Forgetting {
 protected:
  void SetUp() override { serve({.appendonly = "no"}); }
  void forget_all() {
    server->kill();
    server->start();
  }
};

TEST_F(Amnesia, EverythingOfTheLastHalfMinuteIsWrittenAgain) {
  Instance& instance = join(std::chrono::seconds(2));
  live(instance, 0);
  const auto before = kept(1, 5);
  const auto sums = summary(instance);
  const std::string name = instance.name();
  forget_all();
  ASSERT_TRUE(is_back(instance));
  EXPECT_NE(instance.name(), name) << "the old one is not known any more";
  EXPECT_EQ(kept(1, 5), before);
  EXPECT_EQ(summary(instance), sums);
}

TEST_F(Amnesia, WhatIsOpenIsSeenThrough) {
  Instance& instance = join();
  ASSERT_EQ(accept(instance, acceptance(1)), Verdict::accepted);
  const Intent second = send(instance, 2);
  forget_all();
  ASSERT_TRUE(is_back(instance));
  EXPECT_EQ(owner(1), instance.name());
  settle(instance, 2, settlement(second));
  // Either it may go on as it was, or it is handed in once more; it is not lost.
  if (!intend(instance, 1, intent(1, at(1)))) {
    ASSERT_TRUE(until([&] { return times_adopted(instance, 1) == 1; }));
    EXPECT_TRUE(intend(instance, 1, intent(1, at(1))));
  }
  settle(instance, 1, settlement(intent(1, at(1))));
  EXPECT_EQ(summary(instance)[cheap], (payment::Total{.count = 2, .cents = 3980}));
  EXPECT_EQ(instance.store().counters().open(), 0u);
}

TEST_F(Amnesia, ASettlementOfAPaymentThatIsForgottenForGoodIsKeptAsAFinding) {
  Instance& instance = join();
  const Intent first = send(instance, 1);
  server->ask({"DEL", payment_key(test_id(1))});
  settle(instance, 1, settlement(first));
  EXPECT_EQ(summary(instance)[cheap], (payment::Total{.count = 1, .cents = 1990}));
  EXPECT_TRUE(find(instance, 1)->finding);
  EXPECT_EQ(accept(instance, acceptance(1)), Verdict::replayed) << "its id stays taken";
}

TEST_F(Amnesia, TheProcessorsKeepTheirNumbers) {
  Instance& first = join();
  Instance& second = begin_to_join(lease, false, {{"dear one"}, {"fallback"}, {"default"}});
  ASSERT_TRUE(until([&] { return second.is_open; }));
  ASSERT_TRUE(until([&] { return first.store().names().size() == 3; }));
  const auto names = first.store().names();
  settle(first, 1, settlement(send(first, 1)));
  // The one that lists them otherwise comes back first.
  first.is_asleep = true;
  forget_all();
  ASSERT_TRUE(is_back(second));
  first.is_asleep = false;
  ASSERT_TRUE(is_back(first));
  EXPECT_EQ(second.store().names(), names);
  EXPECT_EQ(first.store().names(), names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(server->ask({"HGET", meta_key("names"), names[i]}).text, std::to_string(i));
  }
  EXPECT_EQ(summary(second)[cheap].count, 1u);
}

TEST_F(Amnesia, WhereANewcomerHasNumberedThemOtherwiseNothingIsCounted) {
  Instance& first = join();
  settle(first, 1, settlement(send(first, 1)));
  first.is_asleep = true;
  forget_all();
  Instance& newcomer = begin_to_join(lease, false, {{"fallback"}, {"default"}});
  ASSERT_TRUE(until([&] { return newcomer.is_open; }));
  first.is_asleep = false;
  ASSERT_TRUE(until([&] { return first.was_told(platform::Level::warn, "numbers"); }));
  EXPECT_FALSE(first.store().is_available());
  EXPECT_FALSE(exists(1)) << "it would count at another processor";
}

}  // namespace
}  // namespace payswitch::store::shared
