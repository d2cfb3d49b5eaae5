#include "http/client_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>
#include <vector>

#include "http/client_connection.h"
#include "http/connection_table.h"
#include "net/poller.h"
#include "platform/host.h"
#include "platform/lifetime.h"

// How this works:
//
//   want() ─► resolving ─► connecting ─► idle ⇄ held ─► exchanging ─► idle
//                 │             │          │      │          └──────► closed
//                 └─────────────┴──────────┴──────┴──────────────────► closed
//
// A caller says how many idle connections it wants; the pool opens what is missing, up to the
// maximum, and never tries again by itself. take() hands out the connection that was used last, so
// those that are not needed stay idle, and the other side closes them in its own time.
//
// A caller knows a connection by an id, which is good until give_back(), or until the exchange is
// over. It is old before `done` is called, so hang_up() or retire() with it do nothing, also when
// the connection already carries another exchange. No request is ever repeated: where one has
// failed, `done` says so, and the caller decides (PROTOCOL 2.3).
//
// Example: a POST is answered after the attempt timeout. The caller had called retire(), so the
// connection is closed after the response, and a second late response cannot be taken for that of
// the next POST.
namespace payswitch::http {
namespace {

using boost::asio::ip::tcp;

constexpr std::uint16_t http_port = 80;

// The value of the Host field (RFC 9110 section 7.2).
std::string host_field(const ClientOptions& options) {
  const bool is_ipv6 = options.host.contains(':');
  const std::string host = is_ipv6 ? fmt::format("[{}]", options.host) : options.host;
  return options.port == http_port ? host : fmt::format("{}:{}", host, options.port);
}

class Pool final : public Client, private ClientConnectionOwner {
 public:
  Pool(boost::asio::io_context& context, platform::Timers& timers, const platform::Clock& clock,
       platform::Resolver& resolver, const ClientOptions& options)
      : context_(context),
        timers_(timers),
        options_(options),
        host_field_(host_field(options)),
        poller_(net::Poller::of(context)),
        host_(options.host, resolver, clock, [this](const auto& found) { on_looked_up(found); }) {}

  ~Pool() override {
    for (const auto& connection : connections_.all()) connection->abandon();
  }

  void listen(Events events) override { events_ = std::move(events); }

  void want(std::size_t count) override {
    const std::size_t coming = idle_.size() + opening_;
    const std::size_t left =
        options_.max_connections - std::min(options_.max_connections, connections_.size());
    std::size_t missing = std::min(count > coming ? count - coming : 0, left);
    if (missing == 0) return;
    for (; missing > 0; --missing) open_one();
    find_address();
  }

  std::optional<ConnectionId> take() override {
    if (idle_.empty()) return std::nullopt;
    const auto slot = idle_.back();
    idle_.pop_back();
    count_idle();
    connections_.at(slot).hold();
    return connections_.id_of(slot);
  }

  void give_back(ConnectionId id) override {
    ClientConnection* const connection = connections_.find(id);
    assert(connection);
    connections_.end_hold(connection->slot());
    connection->release() ? make_idle(*connection) : used_up(*connection);
  }

  void send(ConnectionId id, const OutgoingRequest& request, Done done) override {
    ClientConnection* const connection = connections_.find(id);
    assert(connection);
    if (connection->send(request, host_field_, done)) return;
    used_up(*connection);
    fail_later(std::move(done), Failure::not_sent);
  }

  void retire(ConnectionId id) override {
    if (ClientConnection* const connection = connections_.find(id)) connection->retire();
  }

  void hang_up(ConnectionId id) override {
    ClientConnection* const connection = connections_.find(id);
    if (!connection) return;
    Done done = connection->abandon();
    used_up(*connection);
    if (done) fail_later(std::move(done), Failure::hung_up);
  }

  const ClientCounters& counters() const override { return counters_; }

 private:
  void make_idle(const ClientConnection& connection) {
    idle_.push_back(connection.slot());
    count_idle();
  }

  void count_idle() { counters_.connections_idle = idle_.size(); }

  void fail_later(Done done, Failure failure) {
    boost::asio::post(context_, lifetime_.guard([done = std::move(done), failure]() mutable {
      done(std::unexpected(failure));
    }));
  }

  // -- opening
  void open_one() {
    ClientConnectionOwner& owner = *this;
    const auto slot = connections_.reserve();
    ++opening_;
    connections_
        .put(slot,
             std::make_shared<ClientConnection>(owner, context_, poller_, timers_, options_, slot))
        .open();
  }

  void find_address() {
    host_.want();
    if (!host_.addresses().empty()) connect_all();
  }

  void on_looked_up(const std::expected<platform::Addresses, platform::NoAddress>& found) {
    if (!host_.addresses().empty()) return connect_all();
    const bool is_ours = !found && found.error().is_ours;
    for (const auto& connection : awaiting_address()) {
      if (!connection->awaits_address()) continue;
      connection->fail_to_connect(is_ours ? ConnectFailure::ours : ConnectFailure::theirs);
    }
  }

  void connect_all() {
    ClientConnection::Endpoints endpoints;
    for (const std::string& address : host_.addresses()) {
      endpoints.emplace_back(boost::asio::ip::make_address(address), options_.port);
    }
    for (const auto& connection : awaiting_address()) connection->connect(endpoints);
  }

  std::vector<std::shared_ptr<ClientConnection>> awaiting_address() const {
    auto waiting = connections_.all();
    std::erase_if(waiting, [](const auto& each) { return !each->awaits_address(); });
    return waiting;
  }

  // -- ClientConnectionOwner
  void connected(ClientConnection& connection) override {
    --opening_;
    ++counters_.connects;
    ++counters_.connections_open;
    reusable(connection);
  }

  void not_connected(ClientConnection& connection, ConnectFailure failure) override {
    --opening_;
    ++counters_.connect_failures;
    if (failure == ConnectFailure::theirs) host_.doubt();
    connections_.remove(connection.slot());
    if (events_.connect_failed) events_.connect_failed(failure);
  }

  void died(ClientConnection& connection) override {
    std::erase(idle_, connection.slot());
    count_idle();
    used_up(connection);
  }

  void exchange_over(ClientConnection& connection) override {
    connections_.end_hold(connection.slot());
  }

  void reusable(ClientConnection& connection) override {
    make_idle(connection);
    if (events_.idle) events_.idle();
  }

  void used_up(ClientConnection& connection) override {
    --counters_.connections_open;
    connections_.remove(connection.slot());
  }

  boost::asio::io_context& context_;
  platform::Timers& timers_;
  const ClientOptions options_;
  const std::string host_field_;
  net::Poller& poller_;
  platform::Host host_;
  Events events_;
  ClientCounters counters_;
  ConnectionTable connections_;              // in any state
  std::vector<ConnectionTable::Slot> idle_;  // the one used last at the end
  std::size_t opening_ = 0;
  platform::Lifetime lifetime_;
};

}  // namespace

std::unique_ptr<Client> make_pool(boost::asio::io_context& context, platform::Timers& timers,
                                  const platform::Clock& clock, platform::Resolver& resolver,
                                  const ClientOptions& options) {
  return std::make_unique<Pool>(context, timers, clock, resolver, options);
}

}  // namespace payswitch::http
