// The pool while it connects, and when it goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/host.h"
#include "testing/fixtures/pool_fixture.h"

namespace payswitch::http {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST_F(HttpPool, ARefusedConnectionIsTheirsAndIsNotTriedAgain) {
  far_end.close();
  pool->want(2);
  EXPECT_TRUE(failures.empty()) << "never from within a call";
  ASSERT_TRUE(loop.until([&] { return failures.size() == 2; }));
  EXPECT_THAT(failures, ElementsAre(ConnectFailure::theirs, ConnectFailure::theirs));
  loop.settle();
  EXPECT_EQ(pool->counters().connect_failures, 2u);
  EXPECT_EQ(time.timers(), 0u);
  EXPECT_EQ(open(), 0u);
}

TEST_F(HttpPool, AFailureMayBeAnsweredWithAnotherWant) {
  far_end.close();
  pool->listen({.idle = {}, .connect_failed = [this](ConnectFailure failure) {
                  failures.push_back(failure);
                  if (failures.size() < 3) pool->want(1);
                }});
  pool->want(1);
  EXPECT_TRUE(loop.until([&] { return failures.size() == 3; }));
}

TEST_F(HttpPool, AConnectionThatIsNotMadeInTimeIsTheirs) {
  // A listener whose backlog is full leaves the next one hanging.
  WireListener full{0};
  Wire filler = Wire::connect(full.port());
  start({.host = "127.0.0.1", .port = full.port(), .connect_timeout = 2s});
  pool->want(1);
  loop.settle();
  time.advance(2s - 1ns);
  loop.settle();
  EXPECT_TRUE(failures.empty());
  time.advance(1ns);
  EXPECT_THAT(failures, ElementsAre(ConnectFailure::theirs));
}

TEST_F(HttpPool, ALackOfDescriptorsIsOurs) {
  if (sanitizer_needs_descriptors) GTEST_SKIP();
  const Wire first = open_one();
  {
    const FewDescriptors none{0};
    pool->want(2);
    ASSERT_TRUE(loop.until([&] { return !failures.empty(); }));
  }
  EXPECT_THAT(failures, ElementsAre(ConnectFailure::ours));
}

TEST_F(HttpPool, ANameIsLookedUp) {
  start({.host = "localhost"});
  pool->want(2);
  EXPECT_TRUE(loop.until([&] { return idle() == 2; }));
}

// Answers when the test says so.
class PlayedResolver final : public platform::Resolver {
 public:
  void look_up(const std::string&, Done done) override { asked.push_back(std::move(done)); }
  void answer(std::expected<platform::Addresses, platform::NoAddress> found) {
    Done done = std::move(asked.back());
    asked.pop_back();
    done(std::move(found));
  }
  void find() { answer(platform::Addresses{"127.0.0.1"}); }

  std::vector<Done> asked;
};

class HttpPoolOfAName : public HttpPool {
 protected:
  void SetUp() override {
    auto owned = std::make_unique<PlayedResolver>();
    played = owned.get();
    resolver = std::move(owned);
    start({.host = "bank"});
  }

  PlayedResolver* played = nullptr;
};

TEST_F(HttpPoolOfAName, ANameWithoutAnAddressIsTheirs) {
  pool->want(2);
  ASSERT_EQ(played->asked.size(), 1u);
  played->answer(std::unexpected(platform::NoAddress{"no such host", false}));
  EXPECT_THAT(failures, ElementsAre(ConnectFailure::theirs, ConnectFailure::theirs));
  EXPECT_EQ(time.timers(), 0u);
}

TEST_F(HttpPoolOfAName, AResponseThatDoesNotComeInTimeIsTheirs) {
  pool->want(1);
  time.advance(2s);
  EXPECT_THAT(failures, ElementsAre(ConnectFailure::theirs));
  pool->want(1);
  EXPECT_EQ(played->asked.size(), 1u) << "the look-up still runs";
  played->find();
  EXPECT_TRUE(loop.until([&] { return idle() == 1; }));
}

TEST_F(HttpPoolOfAName, ALookUpThatWeCannotMakeIsOurs) {
  pool->want(1);
  played->answer(std::unexpected(platform::NoAddress{"out of memory", true}));
  EXPECT_THAT(failures, ElementsAre(ConnectFailure::ours));
}

TEST_F(HttpPoolOfAName, TheLastGoodAddressIsUsedWhileTheNextLookUpRuns) {
  pool->want(1);
  played->find();
  ASSERT_TRUE(loop.until([&] { return idle() == 1; }));
  time.advance(platform::Host::fresh_for);
  pool->want(2);
  EXPECT_EQ(played->asked.size(), 1u);
  EXPECT_TRUE(loop.until([&] { return idle() == 2; }));
  EXPECT_EQ(played->asked.size(), 1u) << "no connection waited for it";
}

TEST_F(HttpPoolOfAName, AnAddressThatRefusesIsLookedUpAnew) {
  pool->want(1);
  played->answer(platform::Addresses{"127.0.0.2"});
  far_end.close();
  ASSERT_TRUE(loop.until([&] { return failures.size() == 1; }));
  time.advance(platform::Host::doubted_for);
  pool->want(1);
  EXPECT_EQ(played->asked.size(), 1u);
}

TEST_F(HttpPool, TheHostFieldNamesThePortOnlyWhenItIsNotTheUsualOne) {
  Wire wire = open_one();
  const auto result = send(taken());
  ASSERT_TRUE(arrives(wire, "Host: 127.0.0.1:" + std::to_string(far_end.port()) + "\r\n"));
  EXPECT_EQ(result->calls, 0);
}

TEST_F(HttpPool, APoolMayGoInTheMiddleOfAnything) {
  Wire wire = open_one();
  Wire other = open_one();
  const auto hung_up = taken();
  const auto sent = send(hung_up);
  const auto running = send(taken());
  pool->want(1);
  pool->hang_up(hung_up);
  pool.reset();
  loop.settle();
  EXPECT_EQ(sent->calls, 0);
  EXPECT_EQ(running->calls, 0);
  EXPECT_EQ(time.timers(), 0u);
}

TEST_F(HttpPool, APoolMayGoWhileANameIsLookedUp) {
  start({.host = "localhost"});
  pool->want(1);
  pool.reset();
  loop.settle();
  EXPECT_EQ(time.timers(), 0u);
}

}  // namespace
}  // namespace payswitch::http
