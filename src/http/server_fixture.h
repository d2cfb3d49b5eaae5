#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <string_view>

#include "http/server.h"
#include "http/test_world.h"

namespace payswitch::http {

inline std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

inline std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n";
}
inline std::string post(std::string_view fields, std::string_view body) {
  return "POST /p HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n" + std::string{body};
}

// A server whose requests the test answers itself, when it likes.
class HttpServer : public testing::Test {
 protected:
  struct Asked {
    Method method;
    std::string path;
    std::string query;
    std::string body;
    Responder respond;
  };

  void SetUp() override { start(); }

  void start() {
    auto made = make_server(loop.context(), time, time, options,
                            [this](const Request& request, Responder respond) {
                              on_request(request, std::move(respond));
                            });
    ASSERT_TRUE(made) << made.error();
    server = std::move(*made);
  }

  void restart(const ServerOptions& changed) {
    options = changed;
    options.port = 0;
    server.reset();
    start();
  }

  void on_request(const Request& request, Responder respond) {
    if (at_once) {
      const std::string body = std::string{request.path} + std::string{request.body};
      return respond({.content_type = "", .body = body});
    }
    asked.push_back({request.method, std::string{request.path}, std::string{request.query},
                     std::string{request.body}, std::move(respond)});
  }

  Wire connect() {
    const auto before = server->counters().connections_accepted;
    Wire wire = Wire::connect(server->port());
    EXPECT_TRUE(loop.until([&] { return server->counters().connections_accepted > before; }));
    return wire;
  }

  [[nodiscard]] bool has_asked(std::size_t count) {
    return loop.until([&] { return asked.size() >= count; });
  }
  void answer(std::size_t index, std::string_view body) {
    asked[index].respond({.content_type = "", .body = body});
  }
  [[nodiscard]] bool receives(Wire& wire, std::string_view part) {
    return loop.until([&] { return wire.received().contains(part); });
  }
  [[nodiscard]] bool ends(Wire& wire) {
    return loop.until([&] { return wire.ended(); });
  }
  std::string all_until_end(Wire& wire) {
    EXPECT_TRUE(ends(wire));
    EXPECT_FALSE(wire.reset());
    return wire.take();
  }

  TestLoop loop;
  ManualTime time;
  ServerOptions options{.port = 0};
  std::deque<Asked> asked;
  bool at_once = false;
  std::unique_ptr<Server> server;
};

}  // namespace payswitch::http
