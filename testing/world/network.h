#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/client.h"
#include "testing/world/world.h"

// The virtual network carries HTTP exchanges, a request out, an answer or a failure in; no bytes.
namespace payswitch::lab {

// A request that outlives its sender.
struct SentRequest {
  http::Method method = http::Method::get;
  std::string target;
  std::string body;
};

struct SentResponse {
  unsigned status = 200;
  std::string body;
};

// What stands at the other end. It belongs to the world, not to the process under test: a request
// that is on its way arrives, also when its sender has died since.
class Origin {
 public:
  // At most once, now or later. Not at all is silence.
  using Reply = std::function<void(std::expected<SentResponse, http::Failure>)>;

  virtual ~Origin() = default;
  virtual bool accepts_connections() const = 0;
  // Grows whenever it goes down: every connection that was made before has died.
  virtual std::uint64_t starts() const { return 0; }
  virtual void arrive(SentRequest request, Reply reply) = 0;
};

// The client of one process to one origin. `loop` is the process's own: what it has not run dies
// with it.
class VirtualClient final : public http::Client {
 public:
  VirtualClient(World& world, platform::Loop& loop, Origin& origin,
                std::size_t max_connections = 1'000)
      : world_(world), loop_(loop), origin_(origin), max_connections_(max_connections) {}
  ~VirtualClient() override;

  void listen(Events events) override { events_ = std::move(events); }
  void want(std::size_t count) override;
  std::optional<http::ConnectionId> take() override;
  void give_back(http::ConnectionId connection) override;
  void send(http::ConnectionId connection, const http::OutgoingRequest& request,
            Done done) override;
  void retire(http::ConnectionId connection) override;
  void hang_up(http::ConnectionId connection) override;
  const http::ClientCounters& counters() const override { return counters_; }

  // Every idle connection dies unnoticed: the one that takes it finds out when sending.
  void let_idle_connections_die();

 private:
  static constexpr platform::Duration one_way = std::chrono::microseconds(50);

  struct Connection {
    Done done;
    std::uint64_t start = 0;  // of the origin, when it was made
    bool dead = false;
    bool retired = false;
  };

  void drop_dead_connections();
  void connected();
  void make_idle(http::ConnectionId connection);
  void arrived(http::ConnectionId connection, std::expected<SentResponse, http::Failure> answer);
  void finish(http::ConnectionId connection, std::expected<SentResponse, http::Failure> answer);

  World& world_;
  platform::Loop& loop_;
  Origin& origin_;
  std::size_t max_connections_;
  Events events_;
  std::map<http::ConnectionId, Connection> connections_;
  std::vector<http::ConnectionId> idle_;
  std::size_t connecting_ = 0;
  std::uint64_t origin_start_ = 0;  // as of the last look
  std::uint64_t next_ = 1;
  http::ClientCounters counters_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace payswitch::lab
