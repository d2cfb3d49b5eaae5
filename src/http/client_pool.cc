#include "http/client_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>
#include <vector>

#include "http/client_connection.h"
#include "net/poller.h"
#include "platform/host.h"

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

class Pool final : public Client, private PoolConnectionOwner {
 public:
  Pool(boost::asio::io_context& context, platform::Timers& timers, const platform::Clock& clock,
       platform::Resolver& resolver, const ClientOptions& options)
      : context_(context),
        timers_(timers),
        options_(options),
        host_field_(host_field(options)),
        poller_(Poller::of(context)),
        host_(options.host, resolver, clock, [this](const auto& found) { on_looked_up(found); }) {}

  ~Pool() override {
    for (const Slot& slot : slots_) {
      if (slot.connection) slot.connection->abandon();
    }
  }

  void listen(Events events) override { events_ = std::move(events); }

  void want(std::size_t count) override {
    const std::size_t coming = idle_.size() + opening_;
    std::size_t missing = count > coming ? count - coming : 0;
    missing =
        std::min(missing, options_.max_connections - std::min(options_.max_connections, used_));
    if (missing == 0) return;
    for (; missing > 0; --missing) open_one();
    find_address();
  }

  std::optional<ConnectionId> take() override {
    if (idle_.empty()) return std::nullopt;
    const std::uint32_t slot = idle_.back();
    idle_.pop_back();
    count_idle();
    slots_[slot].connection->hold();
    return id_of(slot);
  }

  void give_back(ConnectionId id) override {
    Slot* const slot = find(id);
    assert(slot);
    ++slot->generation;
    if (slot->connection->release()) {
      make_idle(*slot->connection);
    } else {
      used_up(*slot->connection);
    }
  }

  void send(ConnectionId id, const OutgoingRequest& request, Done done) override {
    Slot* const slot = find(id);
    assert(slot);
    if (slot->connection->send(request, host_field_, done)) return;
    used_up(*slot->connection);
    fail_later(std::move(done), Failure::not_sent);
  }

  void retire(ConnectionId id) override {
    if (Slot* const slot = find(id)) slot->connection->retire();
  }

  void hang_up(ConnectionId id) override {
    Slot* const slot = find(id);
    if (!slot) return;
    Done done = slot->connection->abandon();
    used_up(*slot->connection);
    if (done) fail_later(std::move(done), Failure::hung_up);
  }

  const ClientCounters& counters() const override { return counters_; }

 private:
  // An id is a slot and how often that slot had been let go when the id was made, so an old one is
  // never taken for the one that now lives there.
  struct Slot {
    std::shared_ptr<ClientConnection> connection;
    std::uint32_t generation = 1;
  };

  ConnectionId id_of(std::uint32_t slot) const {
    return ConnectionId{std::uint64_t{slots_[slot].generation} << 32 | slot};
  }

  // nullptr: the exchange of that id is over.
  Slot* find(ConnectionId id) {
    const auto bits = static_cast<std::uint64_t>(id);
    const auto index = static_cast<std::uint32_t>(bits);
    if (index >= slots_.size()) return nullptr;
    Slot& slot = slots_[index];
    const bool current = slot.generation == bits >> 32 && slot.connection;
    return current ? &slot : nullptr;
  }

  Slot& slot_of(const ClientConnection& connection) { return slots_[connection.slot()]; }

  void free(Slot& slot) {
    free_slots_.push_back(slot.connection->slot());
    slot.connection.reset();
    ++slot.generation;
    --used_;
  }

  void make_idle(const ClientConnection& connection) {
    idle_.push_back(connection.slot());
    count_idle();
  }

  void count_idle() { counters_.connections_idle = idle_.size(); }

  void fail_later(Done done, Failure failure) {
    boost::asio::post(context_,
                      [alive = std::weak_ptr{alive_}, done = std::move(done), failure]() mutable {
                        if (!alive.expired()) done(std::unexpected(failure));
                      });
  }

  // -- opening
  void open_one() {
    if (free_slots_.empty()) {
      free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    PoolConnectionOwner& owner = *this;
    slots_[slot].connection =
        std::make_shared<ClientConnection>(owner, context_, poller_, timers_, options_, slot);
    ++used_;
    ++opening_;
    slots_[slot].connection->open();
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
    std::vector<std::shared_ptr<ClientConnection>> waiting;
    for (const Slot& slot : slots_) {
      if (slot.connection && slot.connection->awaits_address()) waiting.push_back(slot.connection);
    }
    return waiting;
  }

  // -- PoolConnectionOwner
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
    free(slot_of(connection));
    if (events_.connect_failed) events_.connect_failed(failure);
  }

  void died(ClientConnection& connection) override {
    std::erase(idle_, connection.slot());
    count_idle();
    used_up(connection);
  }

  void exchange_over(ClientConnection& connection) override { ++slot_of(connection).generation; }

  void reusable(ClientConnection& connection) override {
    make_idle(connection);
    if (events_.idle) events_.idle();
  }

  void used_up(ClientConnection& connection) override {
    --counters_.connections_open;
    free(slot_of(connection));
  }

  boost::asio::io_context& context_;
  platform::Timers& timers_;
  const ClientOptions options_;
  const std::string host_field_;
  Poller& poller_;
  platform::Host host_;
  Events events_;
  ClientCounters counters_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::uint32_t> idle_;  // the one used last at the end
  std::size_t used_ = 0;             // slots with a connection in any state
  std::size_t opening_ = 0;
  // What is posted on the loop may run when the pool has gone.
  std::shared_ptr<const char> alive_ = std::make_shared<const char>();
};

}  // namespace

std::unique_ptr<Client> make_pool(boost::asio::io_context& context, platform::Timers& timers,
                                  const platform::Clock& clock, platform::Resolver& resolver,
                                  const ClientOptions& options) {
  return std::make_unique<Pool>(context, timers, clock, resolver, options);
}

}  // namespace payswitch::http
