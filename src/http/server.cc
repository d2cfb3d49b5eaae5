#include "http/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/date.h"
#include "http/rejection.h"
#include "http/server_connection.h"
#include "net/poller.h"
#include "net/socket.h"

namespace payswitch::http {
namespace {

using boost::asio::ip::tcp;

// When the process has no descriptor left, accepting again at once would only fail again.
constexpr std::chrono::milliseconds accept_pause{100};

// Then those who are connected have their turn.
constexpr int max_accepts_a_turn = 64;

class Listener final : public Server, private ConnectionOwner, private SocketOwner {
 public:
  Listener(boost::asio::io_context& context, platform::Timers& timers, const platform::Clock& clock,
           const ServerOptions& options, Handler handler)
      : context_(context),
        timers_(timers),
        clock_(clock),
        options_(options),
        handler_(std::move(handler)),
        poller_(Poller::of(context)) {}

  ~Listener() override {
    stop_accepting();
    for (const auto& connection : open_connections()) connection->close();
  }

  // Throws boost::system::system_error.
  void listen(const tcp::endpoint& endpoint) {
    tcp::acceptor acceptor{context_, endpoint};
    acceptor.native_non_blocking(true);
    port_ = acceptor.local_endpoint().port();
    const int error = socket_.open(poller_, acceptor.release(), *this);
    if (error != 0) throw boost::system::system_error(error, boost::system::system_category());
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
  void on_ready() override {
    for (int i = 0; i < max_accepts_a_turn && may_accept(); ++i) {
      const int accepted = socket_.accept();
      if (accepted >= 0) {
        admit(accepted);
      } else if (socket_.is_readable() && accepted != -ECONNABORTED) {
        pause_ = timers_.after(accept_pause, [this] {
          pause_ = platform::TimerId::none;
          on_ready();
        });
      }
    }
    if (may_accept()) socket_.be_ready_again();
  }

  bool may_accept() const { return socket_.is_readable() && pause_ == platform::TimerId::none; }

  void admit(int descriptor) {
    const bool full = counters_.connections_open >= options_.max_connections;
    if (full) ++counters_.connections_refused;
    if (full && connections_.size() >= options_.max_connections + options_.max_turned_away) {
      ::close(descriptor);
      return;
    }
    ConnectionOwner& owner = *this;
    const auto connection = std::make_shared<Connection>(owner, poller_, descriptor);
    if (!connection->is_open()) return;
    connections_.emplace(connection.get(), Entry{connection, full});
    if (full) return connection->turn_away(Rejection::too_many_connections);
    ++counters_.connections_accepted;
    ++counters_.connections_open;
    connection->start();
  }

  void stop_accepting() {
    timers_.cancel(std::exchange(pause_, platform::TimerId::none));
    socket_.close();
  }

  // A copy: closing one removes it from the original.
  std::vector<std::shared_ptr<Connection>> open_connections() const {
    std::vector<std::shared_ptr<Connection>> all;
    all.reserve(connections_.size());
    for (const auto& [_, entry] : connections_) all.push_back(entry.connection);
    return all;
  }

  // -- ConnectionOwner
  void handle(const Request& request, Responder respond) override {
    handler_(request, std::move(respond));
  }

  void closed(const Connection& connection) override {
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
    std::shared_ptr<Connection> connection;
    bool turned_away = false;
  };

  boost::asio::io_context& context_;
  platform::Timers& timers_;
  const platform::Clock& clock_;
  const ServerOptions options_;
  const Handler handler_;
  Poller& poller_;
  Socket socket_;
  std::uint16_t port_ = 0;
  platform::TimerId pause_ = platform::TimerId::none;
  bool draining_ = false;
  Date date_;
  ServerCounters counters_;
  std::unordered_map<const Connection*, Entry> connections_;
};

// Blocks while a name is looked up: only at start.
tcp::endpoint endpoint_of(boost::asio::io_context& context, const ServerOptions& options) {
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(options.host, not_an_address);
  if (!not_an_address) return {address, options.port};
  tcp::resolver resolver{context};
  const auto flags = tcp::resolver::passive | tcp::resolver::numeric_service;
  return *resolver.resolve(options.host, std::to_string(options.port), flags).begin();
}

}  // namespace

std::expected<std::unique_ptr<Server>, std::string> make_server(boost::asio::io_context& context,
                                                                platform::Timers& timers,
                                                                const platform::Clock& clock,
                                                                const ServerOptions& options,
                                                                Handler handler) {
  try {
    auto listener = std::make_unique<Listener>(context, timers, clock, options, std::move(handler));
    listener->listen(endpoint_of(context, options));
    return listener;
  } catch (const boost::system::system_error& failure) {
    return std::unexpected(fmt::format("cannot listen on {}:{}: {}", options.host, options.port,
                                       failure.code().message()));
  }
}

}  // namespace payswitch::http
