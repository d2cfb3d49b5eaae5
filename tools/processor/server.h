#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <unordered_map>

#include "net/acceptor.h"
#include "platform/loop.h"
#include "tools/processor/connection.h"

namespace payswitch::lab {

// The listener of a processor, and its connections. Loop thread only.
class Server final : private net::AcceptorOwner {
 public:
  using Handler = std::function<void(const http::Request&, Respond)>;

  Server(boost::asio::io_context& context, platform::Timers& timers, const platform::Clock& clock,
         Handler handler);
  ~Server();

  // Binds and listens at once: the port. An error is one line for a person.
  std::expected<std::uint16_t, std::string> listen(const std::string& host, std::uint16_t port);

 private:
  void on_accepted(int descriptor) override;
  void on_accept_failed(int error) override;

  boost::asio::io_context& context_;
  platform::Timers& timers_;
  net::Poller& poller_;
  net::Acceptor acceptor_;
  platform::TimerId pause_ = platform::TimerId::none;
  Shared shared_;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;
};

}  // namespace payswitch::lab
