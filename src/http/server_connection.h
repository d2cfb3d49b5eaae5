#pragma once

#include <memory>

#include "http/deadline_timer.h"
#include "http/server_session.h"
#include "platform/loop.h"

namespace payswitch::http {

class ServerConnection;

// What a server's connection needs of its server, which outlives every open connection.
class ServerConnectionOwner {
 public:
  virtual ~ServerConnectionOwner() = default;

  virtual void handle(const Request& request, Responder respond) = 0;
  // Once. Nothing of the owner is used after it.
  virtual void closed(const ServerConnection& connection) = 0;

  virtual const ServerOptions& options() const = 0;
  virtual ServerCounters& counters() = 0;
  // The value of a Date field now. The view dies with the next call.
  virtual std::string_view date() = 0;
  virtual platform::Timers& timers() = 0;
  virtual const platform::Clock& clock() const = 0;
};

// One client: the socket and the timer that a ServerSession needs. Lives until it is closed and no
// Responder of it is left.
class ServerConnection final : public ResponseSink,
                               public std::enable_shared_from_this<ServerConnection>,
                               private net::SocketOwner {
 public:
  // Takes the descriptor.
  ServerConnection(ServerConnectionOwner& owner, net::Poller& poller, int descriptor);

  // False: the kernel could not take it.
  bool is_open() const { return socket_.is_open(); }

  void start();
  // Instead of start(): says why not, and closes.
  void turn_away(Rejection rejection);

  // Answers what has been read, or is being read, and closes.
  void drain();
  // Now, whatever is outstanding.
  void close();

  void respond(std::uint64_t sequence, const Response& response) override;
  bool when_client_ends(std::uint64_t sequence, Ended ended) override;

 private:
  // What the kernel may hold for a slow reader; left to itself, it would hold 4 MiB.
  static constexpr int max_kernel_unsent_bytes = 128 * 1024;

  std::span<char> room() override { return session_.room(); }
  void on_input(net::Input input) override;
  void on_turn() override;
  std::string_view unsent() const override { return session_.unsent(); }
  void on_sent(std::size_t bytes) override;
  void on_send_failed() override { close(); }

  void take_turn(platform::Instant now);
  void take_requests(platform::Instant now);
  void hand_over_requests();
  void write();
  void settle(platform::Instant now);
  void report_client_end();
  void on_timer();

  ServerConnectionOwner& owner_;
  net::Socket socket_;
  ServerSession session_;
  DeadlineTimer timer_;
  bool is_taking_ = false;  // a handler is being called
  bool is_closed_ = false;
};

}  // namespace payswitch::http
