#include "testing/world/network.h"

#include <cassert>
#include <utility>

namespace payswitch::lab {

VirtualClient::~VirtualClient() {
  *alive_ = false;
}

void VirtualClient::want(std::size_t count) {
  drop_dead_connections();
  while (idle_.size() + connecting_ < count &&
         connections_.size() + connecting_ < max_connections_) {
    ++connecting_;
    world_.after(one_way, [this, alive = alive_] {
      if (*alive) connected();
    });
  }
}

void VirtualClient::connected() {
  --connecting_;
  ++counters_.connects;
  if (!origin_.accepts_connections()) {
    ++counters_.connect_failures;
    return loop_.post([this] { events_.connect_failed(http::ConnectFailure::theirs); });
  }
  const http::ConnectionId connection{next_++};
  connections_[connection].start = origin_.starts();
  make_idle(connection);
}

void VirtualClient::make_idle(http::ConnectionId connection) {
  idle_.push_back(connection);
  counters_.connections_idle = idle_.size();
  loop_.post([this] { events_.idle(); });
}

std::optional<http::ConnectionId> VirtualClient::take() {
  drop_dead_connections();
  if (idle_.empty()) return std::nullopt;
  const auto connection = idle_.back();
  idle_.pop_back();
  counters_.connections_idle = idle_.size();
  return connection;
}

// When the other side goes down, that is noticed on every connection where nothing is under way.
void VirtualClient::drop_dead_connections() {
  if (std::exchange(origin_start_, origin_.starts()) == origin_.starts()) return;
  std::erase_if(idle_, [this](http::ConnectionId connection) {
    return connections_.at(connection).start != origin_start_ && connections_.erase(connection) > 0;
  });
  counters_.connections_idle = idle_.size();
}

void VirtualClient::give_back(http::ConnectionId connection) {
  make_idle(connection);
}

void VirtualClient::send(http::ConnectionId connection, const http::OutgoingRequest& request,
                         Done done) {
  Connection& used = connections_.at(connection);
  assert(!used.done);
  used.done = std::move(done);
  if (used.dead || used.start != origin_.starts()) {
    return loop_.post(
        [this, connection] { finish(connection, std::unexpected(http::Failure::not_sent)); });
  }
  SentRequest sent{request.method, std::string(request.target), std::string(request.body)};
  // The reply finds its way back only to a process that lives and still listens.
  Origin::Reply reply = [this, connection, alive = alive_, &world = world_](auto answer) {
    world.after(one_way, [this, connection, alive, answer = std::move(answer)] {
      if (*alive) arrived(connection, answer);
    });
  };
  world_.after(one_way, [&origin = origin_, sent = std::move(sent), reply = std::move(reply)] {
    origin.arrive(sent, reply);
  });
}

void VirtualClient::arrived(http::ConnectionId connection,
                            std::expected<SentResponse, http::Failure> answer) {
  if (!connections_.contains(connection)) return;  // hung up
  loop_.post([this, connection, answer = std::move(answer)] {
    if (connections_.contains(connection)) finish(connection, answer);
  });
}

void VirtualClient::finish(http::ConnectionId connection,
                           std::expected<SentResponse, http::Failure> answer) {
  Connection& used = connections_.at(connection);
  Done done = std::exchange(used.done, {});
  const bool reusable = answer && !used.retired;
  if (!reusable) connections_.erase(connection);
  if (answer) {
    done(http::IncomingResponse{
        .status = answer->status, .content_type = "application/json", .body = answer->body});
  } else {
    done(std::unexpected(answer.error()));
  }
  if (reusable) make_idle(connection);
}

void VirtualClient::retire(http::ConnectionId connection) {
  if (const auto used = connections_.find(connection); used != connections_.end())
    used->second.retired = true;
}

void VirtualClient::hang_up(http::ConnectionId connection) {
  const auto used = connections_.find(connection);
  if (used == connections_.end()) return;
  loop_.post([done = std::move(used->second.done)]() mutable {
    done(std::unexpected(http::Failure::hung_up));
  });
  connections_.erase(used);
}

void VirtualClient::let_idle_connections_die() {
  for (const auto connection : idle_) connections_.at(connection).dead = true;
}

}  // namespace payswitch::lab
