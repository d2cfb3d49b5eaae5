#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "http/date.h"
#include "http/server_session.h"
#include "net/socket.h"
#include "platform/clock.h"
#include "tools/processor/response.h"

namespace payswitch::lab {

// What the connections of a processor share. Outlives them while they are open.
struct Shared {
  const platform::Clock& clock;
  std::function<void(const http::Request&, Respond)> handle;
  http::ServerOptions options = {};
  http::ServerCounters counters = {};
  http::Date date = {};
};

// One client of a processor. It speaks HTTP as the switch's own server does, and in place of a
// response it can send what is none, or close: the switch's server cannot. It has no time limits.
// Lives while it is open or a Respond of it is left. Loop thread only.
class Connection final : public std::enable_shared_from_this<Connection>, private net::SocketOwner {
 public:
  using Closed = std::function<void(const Connection&)>;

  Connection(Shared& shared, Closed closed)
      : shared_(shared),
        closed_(std::move(closed)),
        session_(shared.options, shared.counters, shared.clock.now()) {}

  // Takes the descriptor. False: the kernel does not.
  bool open(net::Poller& poller, int descriptor);
  void close();

 private:
  std::span<char> room() override { return fault_begun_ ? std::span<char>{} : session_.room(); }
  void on_input(net::Input input) override;
  void on_turn() override;
  std::string_view unsent() const override;
  void on_sent(std::size_t bytes) override;
  void on_send_failed() override;

  void take_turn();
  void hand_over_requests();
  void respond(std::uint64_t sequence, const Response& response);
  void send();
  void settle();

  Shared& shared_;
  Closed closed_;
  net::Socket socket_;
  http::ServerSession session_;
  // By the request in whose place they go out. The session sees that request as unanswered, so it
  // lets no later response pass.
  std::map<std::uint64_t, std::string> faults_;
  bool fault_begun_ = false;  // the turn of the first of them has come; raw_ is what is left of it
  std::string_view raw_;
};

}  // namespace payswitch::lab
