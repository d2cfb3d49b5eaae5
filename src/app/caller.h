#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "http/client.h"
#include "platform/clock.h"
#include "platform/loop.h"
#include "platform/resolver.h"
#include "reconcile/ask.h"
#include "text/url.h"

namespace payswitch::app {

// Asks real servers, one question at a time, and waits: on a loop of its own that runs only
// while it waits. One kept connection a server.
class Caller {
 public:
  static constexpr std::chrono::seconds answer_timeout{30};
  static constexpr std::chrono::seconds connect_timeout{3};
  static constexpr int max_tries = 6;
  // Before the second try; doubles.
  static constexpr std::chrono::milliseconds first_pause{100};
  static constexpr std::size_t max_response_bytes = 8 << 20;

  explicit Caller(const platform::Clock& clock);
  ~Caller();

  // reconcile::Ask. What was not answered, or with 429 or 503, is asked again: questions change
  // nothing.
  std::expected<reconcile::Reply, std::string> ask(const reconcile::Question& question);

 private:
  struct Server {
    text::HttpUrl url;
    std::unique_ptr<http::Client> client;
    bool connect_failed = false;
  };

  std::expected<Server*, std::string> server_at(const std::string& url);
  std::expected<reconcile::Reply, std::string> exchange(Server& server,
                                                        const reconcile::Question& question);
  std::optional<http::ConnectionId> connect(Server& server);
  void pause(std::chrono::milliseconds span);

  const platform::Clock& clock_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<platform::Timers> timers_;
  std::unique_ptr<platform::Resolver> resolver_;
  std::map<std::string, Server> servers_;
};

}  // namespace payswitch::app
