#include "http/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/date.h"
#include "http/listen.h"
#include "http/rejection.h"
#include "http/server_connection.h"
#include "net/acceptor.h"
#include "net/poller.h"

namespace payswitch::http {
namespace {

// When the process has no descriptor left, accepting again at once would only fail again.
constexpr std::chrono::milliseconds accept_pause{100};

class Listener final : public Server, private ServerConnectionOwner, private net::AcceptorOwner {
 public:
  Listener(boost::asio::io_context& context, platform::Timers& timers, const platform::Clock& clock,
           const ServerOptions& options, Handler handler)
      : timers_(timers),
        clock_(clock),
        options_(options),
        handler_(std::move(handler)),
        poller_(net::Poller::of(context)) {}

  ~Listener() override {
    stop_accepting();
    for (const auto& connection : open_connections()) connection->close();
  }

  // Takes the descriptor. 0, or errno.
  int listen(const ListeningSocket& socket) {
    port_ = socket.port;
    return acceptor_.open(poller_, socket.descriptor, *this);
  }

  std::uint16_t port() const override { return port_; }

  void drain() override {
    draining_ = true;
    stop_accepting();
    for (const auto& connection : open_connections()) connection->drain();
  }

  bool drained() const override { return draining_ && connections_.empty(); }

  const ServerCounters& counters() const override { return counters_; }

 private:
  // -- AcceptorOwner
  void on_accept_failed(int /*error*/) override {
    pause_ = timers_.after(accept_pause, [this] {
      pause_ = platform::TimerId::none;
      acceptor_.resume();
    });
  }

  void on_accepted(int descriptor) override {
    const bool full = counters_.connections_open >= options_.max_connections;
    if (full) ++counters_.connections_refused;
    if (full && connections_.size() >= options_.max_connections + options_.max_turned_away) {
      ::close(descriptor);
      return;
    }
    ServerConnectionOwner& owner = *this;
    const auto connection = std::make_shared<ServerConnection>(owner, poller_, descriptor);
    if (!connection->is_open()) return;
    connections_.emplace(connection.get(), Entry{connection, full});
    if (full) return connection->turn_away(Rejection::too_many_connections);
    ++counters_.connections_accepted;
    ++counters_.connections_open;
    connection->start();
  }

  void stop_accepting() {
    timers_.cancel(std::exchange(pause_, platform::TimerId::none));
    acceptor_.close();
  }

  // A copy: closing one removes it from the original.
  std::vector<std::shared_ptr<ServerConnection>> open_connections() const {
    std::vector<std::shared_ptr<ServerConnection>> all;
    all.reserve(connections_.size());
    for (const auto& [_, entry] : connections_) all.push_back(entry.connection);
    return all;
  }

  // -- ServerConnectionOwner
  void handle(const Request& request, Responder respond) override {
    handler_(request, std::move(respond));
  }

  void closed(const ServerConnection& connection) override {
    const auto found = connections_.find(&connection);
    if (!found->second.turned_away) --counters_.connections_open;
    connections_.erase(found);
  }

  const ServerOptions& options() const override { return options_; }
  ServerCounters& counters() override { return counters_; }
  std::string_view date() override { return date_.at(clock_.wall()); }
  platform::Timers& timers() override { return timers_; }
  const platform::Clock& clock() const override { return clock_; }

  struct Entry {
    std::shared_ptr<ServerConnection> connection;
    bool turned_away = false;
  };

  platform::Timers& timers_;
  const platform::Clock& clock_;
  const ServerOptions options_;
  const Handler handler_;
  net::Poller& poller_;
  net::Acceptor acceptor_;
  std::uint16_t port_ = 0;
  platform::TimerId pause_ = platform::TimerId::none;
  bool draining_ = false;
  Date date_;
  ServerCounters counters_;
  std::unordered_map<const ServerConnection*, Entry> connections_;
};

}  // namespace

std::expected<std::unique_ptr<Server>, std::string> make_server(boost::asio::io_context& context,
                                                                platform::Timers& timers,
                                                                const platform::Clock& clock,
                                                                const ServerOptions& options,
                                                                Handler handler) {
  const auto socket = listen_on(context, options.host, options.port);
  if (!socket) return std::unexpected(socket.error());
  auto listener = std::make_unique<Listener>(context, timers, clock, options, std::move(handler));
  if (const int error = listener->listen(*socket); error != 0) {
    return std::unexpected(fmt::format("cannot listen on {}:{}: {}", options.host, options.port,
                                       std::generic_category().message(error)));
  }
  return listener;
}

}  // namespace payswitch::http
