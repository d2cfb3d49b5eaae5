#include "tools/processor/server.h"

#include <utility>

#include "http/listen.h"
#include "net/poller.h"

namespace payswitch::lab {

Server::Server(boost::asio::io_context& context, platform::Timers& timers,
               const platform::Clock& clock, Handler handler)
    : context_(context),
      timers_(timers),
      poller_(net::Poller::of(context)),
      shared_{.clock = clock, .handle = std::move(handler)} {}

Server::~Server() {
  timers_.cancel(pause_);
  const auto all = connections_;  // a copy: closing one removes it from the original
  for (const auto& [_, connection] : all) connection->close();
}

std::expected<std::uint16_t, std::string> Server::listen(const std::string& host,
                                                         std::uint16_t port) {
  const auto socket = http::listen_on(context_, host, port);
  if (!socket) return std::unexpected(socket.error());
  if (acceptor_.open(poller_, socket->descriptor, *this) != 0) {
    return std::unexpected("cannot watch the listening socket");
  }
  return socket->port;
}

void Server::on_accepted(int descriptor) {
  const auto connection = std::make_shared<Connection>(
      shared_, [this](const Connection& closed) { connections_.erase(&closed); });
  if (!connection->open(poller_, descriptor)) return;
  connections_.emplace(connection.get(), connection);
}

// No descriptor is left.
void Server::on_accept_failed(int /*error*/) {
  pause_ = timers_.after(std::chrono::milliseconds(100), [this] {
    pause_ = platform::TimerId::none;
    acceptor_.resume();
  });
}

}  // namespace payswitch::lab
