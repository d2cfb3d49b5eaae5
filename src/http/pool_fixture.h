#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/pool.h"
#include "http/test_world.h"
#include "world/real.h"

namespace payswitch::http {

inline const std::string ok = "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}";

// What became of a request.
struct Result {
  int calls = 0;
  unsigned status = 0;
  std::string content_type;
  std::string body;
  std::optional<Failure> failure;
};

// A pool, and a processor that the test plays itself.
class HttpPool : public testing::Test {
 protected:
  void SetUp() override { start({.host = "127.0.0.1"}); }

  void start(ClientOptions options) {
    if (options.port == 80) options.port = far_end.port();
    pool = make_pool(loop.context(), time, time, *resolver, options);
    pool->listen(
        {.idle = [this] { ++idle_events; },
         .connect_failed = [this](ConnectFailure failure) { failures.push_back(failure); }});
  }

  // Opens one more connection; the far end of it.
  Wire open_one() {
    Wire wire;
    const auto before = pool->counters().connections_open;
    pool->want(pool->counters().connections_idle + 1);
    EXPECT_TRUE(loop.until([&] {
      if (!wire) wire = far_end.accept();
      return wire && pool->counters().connections_open > before;
    }));
    return wire;
  }

  ConnectionId taken() {
    const auto connection = pool->take();
    EXPECT_TRUE(connection);
    return connection.value_or(ConnectionId{});
  }

  std::shared_ptr<Result> send(ConnectionId connection, const OutgoingRequest& request) {
    auto result = std::make_shared<Result>();
    pool->send(connection, request, [result](std::expected<Answer, Failure> answer) {
      ++result->calls;
      if (!answer) {
        result->failure = answer.error();
        return;
      }
      result->status = answer->status;
      result->content_type = answer->content_type;
      result->body = answer->body;
    });
    return result;
  }
  std::shared_ptr<Result> send(ConnectionId connection) {
    return send(connection, {.method = Method::get, .target = "/"});
  }

  [[nodiscard]] bool arrives(Wire& wire, std::string_view part) {
    return loop.until([&] { return wire.received().contains(part); });
  }
  [[nodiscard]] bool is_done(const std::shared_ptr<Result>& result) {
    return loop.until([&] { return result->calls > 0; });
  }

  // A request over a new connection, with `answer` for an answer.
  std::shared_ptr<Result> exchange(Wire& wire, std::string_view answer) {
    auto result = send(taken());
    EXPECT_TRUE(arrives(wire, "\r\n\r\n"));
    wire.take();
    wire.send(answer);
    return result;
  }

  std::size_t idle() const { return pool->counters().connections_idle; }
  std::size_t open() const { return pool->counters().connections_open; }

  TestLoop loop;
  ManualTime time;
  std::unique_ptr<world::Resolver> resolver = world::make_real_resolver(loop.context());
  WireListener far_end;
  int idle_events = 0;
  std::vector<ConnectFailure> failures;
  std::unique_ptr<Client> pool;
};

}  // namespace payswitch::http
