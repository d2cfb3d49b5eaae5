#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"
#include "http/options.h"
#include "http/response_parser.h"
#include "net/poller.h"
#include "net/socket.h"
#include "platform/loop.h"

namespace payswitch::http {

class ClientConnection;

// What a connection reports to its pool, always from the loop.
class ClientConnectionOwner {
 public:
  virtual ~ClientConnectionOwner() = default;

  virtual void connected(ClientConnection& connection) = 0;
  virtual void not_connected(ClientConnection& connection, ConnectFailure failure) = 0;
  // It has closed while idle.
  virtual void died(ClientConnection& connection) = 0;
  // The caller's hold on it is over; its `done` is called after this.
  virtual void exchange_over(ClientConnection& connection) = 0;
  // That `done` has returned.
  virtual void reusable(ClientConnection& connection) = 0;
  virtual void used_up(ClientConnection& connection) = 0;
};

// One socket of a pool, from connect to close. What comes in an exchange is the response; at any
// other time it ends the connection.
class ClientConnection final : public std::enable_shared_from_this<ClientConnection>,
                               private net::SocketOwner {
 public:
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

  // `slot` is the pool's name for it.
  ClientConnection(ClientConnectionOwner& owner, boost::asio::io_context& context,
                   net::Poller& poller, platform::Timers& timers, const ClientOptions& options,
                   std::uint32_t slot);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  std::uint32_t slot() const { return slot_; }

  // Starts the time limit. Then either connect(), or fail_to_connect().
  void open();
  void connect(Endpoints endpoints);
  void fail_to_connect(ConnectFailure failure);
  bool awaits_address() const { return state_ == State::resolving; }

  // idle → held
  void hold();
  // held → idle. False: it may not be used again, and is closed.
  bool release();
  // held → in an exchange. False: it is dead, nothing was written, and `done` was not taken.
  bool send(const OutgoingRequest& request, std::string_view host, Client::Done& done);
  // Will be closed after its exchange.
  void retire() { retired_ = true; }

  // Closes at once and in silence; the `done` of its exchange, if there is one.
  Client::Done abandon();

 private:
  enum class State : std::uint8_t { resolving, connecting, idle, held, exchanging, closed };

  void try_next_endpoint();
  void on_connected(int error) override;

  std::span<char> room() override { return parser_.prepare(); }
  void on_input(net::Input input) override;
  void on_stray_input();
  // What comes before the request has begun to leave is not its response.
  bool awaits_response() const { return state_ == State::exchanging && sent_ > 0; }
  void conclude(ResponseParser::Step step);
  void fail(Failure failure);

  std::string_view unsent() const override { return std::string_view{output_}.substr(sent_); }
  void on_sent(std::size_t bytes) override;
  void on_send_failed() override;

  void close();

  ClientConnectionOwner& owner_;
  boost::asio::io_context& context_;
  net::Poller& poller_;
  platform::Timers& timers_;
  const std::chrono::milliseconds connect_timeout_;
  const std::uint32_t slot_;
  net::Socket socket_;
  ResponseParser parser_;
  State state_ = State::resolving;
  Endpoints endpoints_;
  std::size_t endpoints_tried_ = 0;
  platform::TimerId connect_timer_ = platform::TimerId::none;
  std::string output_;
  std::size_t sent_ = 0;  // bytes of output_ that the kernel has
  bool retired_ = false;
  Client::Done done_;
};

}  // namespace payswitch::http
