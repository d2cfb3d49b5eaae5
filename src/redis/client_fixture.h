#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "redis/real_client.h"
#include "redis/test_proxy.h"
#include "redis/test_server.h"
#include "world/manual_time.h"
#include "world/real.h"
#include "world/real_test_loop.h"

namespace payswitch::redis {

// What became of a command.
struct Outcome {
  int calls = 0;
  std::size_t place = 0;  // among all that were called, from 1
  Reply reply;
  std::optional<Failure> failure;
};

// Always the same number: the jitter of the pauses is exact.
struct SteadyChance final : world::Chance {
  std::uint64_t next() override { return number; }
  std::uint64_t number = 0;
};
inline constexpr std::uint64_t nearly_one = ~0ull;
inline constexpr std::uint64_t one_half = 1ull << 63;

// The real client and a real server; time moves only when the test says so.
class RedisClient : public testing::Test {
 protected:
  void TearDown() override {
    for (const auto& outcome : outcomes) EXPECT_LE(outcome->calls, 1);
  }

  void serve(TestServerOptions wanted = {.appendonly = "no", .appendfsync = "no"}) {
    server = std::make_unique<TestServer>(std::move(wanted));
    options.address = server->address();
  }
  // Everything goes through it from here on.
  void interpose() {
    proxy = std::make_unique<TestProxy>(loop.context(), options.address.port);
    options.address.port = proxy->port();
  }

  void start() {
    client =
        make_client({loop.context(), *real_loop, time, time, chance, *resolver}, options, scripts);
    client->start({.connected = [this](const Server& found) { servers.push_back(found); },
                   .disconnected = [this](const std::string& why) { troubles.push_back(why); }});
  }
  void connect() {
    start();
    ASSERT_TRUE(connects());
  }
  [[nodiscard]] bool connects() {
    const auto before = servers.size();
    return loop.until([&] { return servers.size() > before; });
  }
  // Has lost its connection, or failed to get one, once more.
  [[nodiscard]] bool loses() {
    const auto before = troubles.size();
    return loop.until([&] { return troubles.size() > before; });
  }
  // Lets the pause after each failed try pass until there is a connection again.
  [[nodiscard]] bool comes_back() {
    const auto before = servers.size();
    return loop.until([&] {
      if (std::exchange(pauses_passed_, troubles.size()) != troubles.size()) {
        time.advance(options.backoff_cap);
      }
      return servers.size() > before;
    });
  }

  std::shared_ptr<Outcome> say(const std::vector<std::string_view>& words) {
    auto outcome = expected_outcome();
    client->command(words, done(outcome));
    return outcome;
  }
  std::shared_ptr<Outcome> run(const Script& script, const std::vector<std::string_view>& keys,
                               const std::vector<std::string_view>& arguments,
                               Haste haste = Haste::now) {
    auto outcome = expected_outcome();
    client->run(script, keys, arguments, done(outcome), haste);
    return outcome;
  }
  [[nodiscard]] bool is_done(const std::shared_ptr<Outcome>& outcome) {
    return loop.until([&] { return outcome->calls > 0; });
  }
  [[nodiscard]] bool all_are_done() {
    return loop.until([&] {
      for (const auto& outcome : outcomes) {
        if (outcome->calls == 0) return false;
      }
      return true;
    });
  }
  // What it says when the reply is here; "(not sent)" or "(maybe ran)" when there is none.
  std::string answer(const std::shared_ptr<Outcome>& outcome) {
    EXPECT_TRUE(is_done(outcome));
    if (outcome->failure) {
      return *outcome->failure == Failure::not_sent ? "(not sent)" : "(maybe ran)";
    }
    if (outcome->reply.kind == Reply::Kind::integer) return std::to_string(outcome->reply.integer);
    return outcome->reply.text;
  }

  world::TestLoop loop;
  std::unique_ptr<world::Loop> real_loop = world::make_real_loop(loop.context());
  world::ManualTime time;
  SteadyChance chance;
  std::unique_ptr<world::Resolver> resolver = world::make_real_resolver(loop.context());
  std::unique_ptr<TestServer> server;
  std::unique_ptr<TestProxy> proxy;
  Options options;
  std::vector<const Script*> scripts;
  std::vector<std::shared_ptr<Outcome>> outcomes;
  std::size_t calls = 0;
  std::vector<Server> servers;
  std::vector<std::string> troubles;
  std::unique_ptr<Client> client;

 private:
  std::size_t pauses_passed_ = 0;

  std::shared_ptr<Outcome> expected_outcome() {
    return outcomes.emplace_back(std::make_shared<Outcome>());
  }
  Client::Done done(const std::shared_ptr<Outcome>& outcome) {
    return [this, outcome](std::expected<Reply, Failure> reply) {
      ++outcome->calls;
      outcome->place = ++calls;
      if (reply) {
        outcome->reply = std::move(*reply);
      } else {
        outcome->failure = reply.error();
      }
    };
  }
};

}  // namespace payswitch::redis
