#include "http/server_connection.h"

#include <cassert>
#include <utility>

#include "http/rejection.h"

// How this works:
//
// The ServerSession decides; this obeys. Each event (bytes came, bytes left, a turn, a deadline)
// is given to the session; then requests are taken and handed over; then settle() asks what becomes
// of the connection.
//
// A handler may respond within its call. Such a response is only rendered, and all of a turn leave
// together. A handler may also close the connection, or its server, within the call; so each event
// holds a reference to the connection, and is_closed_ is looked at after the handlers have run.
// After closed() nothing of the owner is used.
//
// `ended` callbacks (when_client_ends) are called as soon as the socket reports that the client
// ends, also while the client is not read, because requests that wait hold places that others need.
namespace payswitch::http {

ServerConnection::ServerConnection(ServerConnectionOwner& owner, net::Poller& poller,
                                   int descriptor)
    : owner_(owner),
      session_(owner.options(), owner.counters(), owner.clock().now()),
      timer_(owner.timers(), [this] { on_timer(); }) {
  if (socket_.open(poller, descriptor, *this) != 0) return;
  socket_.set_no_delay();
  socket_.set_send_buffer(max_kernel_unsent_bytes);
}

void ServerConnection::start() {
  settle(owner_.clock().now());
}

void ServerConnection::turn_away(Rejection rejection) {
  session_.reject(to_problem(rejection), owner_.date());
  write();
  settle(owner_.clock().now());
}

void ServerConnection::drain() {
  session_.drain();
  if (is_closed_ || is_taking_ || session_.is_lingering()) return;
  session_.is_idle() ? close() : settle(owner_.clock().now());
}

void ServerConnection::close() {
  if (std::exchange(is_closed_, true)) return;
  timer_.cancel();
  socket_.close();
  report_client_end();
  owner_.closed(*this);
}

// -- events -------------------------------------------------------------------------------------

void ServerConnection::on_input(net::Input input) {
  const auto self = shared_from_this();
  if (input.state == net::Input::State::broken) return close();
  const auto now = owner_.clock().now();
  session_.take(input, now);
  take_turn(now);
}

void ServerConnection::on_turn() {
  const auto self = shared_from_this();
  take_turn(owner_.clock().now());
}

void ServerConnection::on_sent(std::size_t bytes) {
  const auto self = shared_from_this();
  const auto now = owner_.clock().now();
  session_.sent(bytes, now);
  take_requests(now);
}

void ServerConnection::on_timer() {
  const auto self = shared_from_this();
  using Limit = ServerDeadlines::Limit;
  const auto deadline = session_.deadline();
  if (deadline.limit == Limit::none) return;
  const auto now = owner_.clock().now();
  if (now < deadline.at) return timer_.watch(deadline.at, now);
  if (deadline.limit != Limit::request) return close();
  session_.reject_late_request(owner_.date());
  write();
  settle(now);
}

// -- requests -----------------------------------------------------------------------------------

void ServerConnection::take_turn(platform::Instant now) {
  session_.begin_turn();
  take_requests(now);
  if (!is_closed_ && session_.client_has_ended()) report_client_end();
}

void ServerConnection::take_requests(platform::Instant now) {
  assert(!is_taking_);
  is_taking_ = true;
  hand_over_requests();
  is_taking_ = false;
  if (is_closed_) return;
  session_.say_continue(now);
  write();
  if (session_.turn_is_over()) socket_.call_back();
  settle(now);
}

void ServerConnection::hand_over_requests() {
  while (!is_closed_) {
    switch (session_.next_request()) {
      case ServerSession::Step::none:
        return;
      case ServerSession::Step::request:
        owner_.handle(session_.request(), Responder{shared_from_this(), session_.sequence()});
        break;
      case ServerSession::Step::bad_request:
        session_.reject(session_.problem(), owner_.date());
        break;
    }
  }
}

// -- responses ----------------------------------------------------------------------------------

void ServerConnection::respond(std::uint64_t sequence, const Response& response) {
  if (is_closed_) return;
  session_.respond(sequence, response, owner_.date());
  if (!is_taking_) write();
}

bool ServerConnection::when_client_ends(std::uint64_t sequence, Ended ended) {
  if (is_closed_ || session_.client_has_ended()) return false;
  session_.watch(sequence, std::move(ended));
  return true;
}

void ServerConnection::report_client_end() {
  for (auto& ended : session_.take_watchers()) ended();
}

void ServerConnection::write() {
  if (!unsent().empty()) socket_.write_soon();
}

// -- what comes next ----------------------------------------------------------------------------

void ServerConnection::settle(platform::Instant now) {
  switch (session_.settle(now)) {
    case ServerSession::Next::close:
      return close();
    case ServerSession::Next::linger:
      socket_.shutdown_send();
      break;
    case ServerSession::Next::go_on:
      break;
  }
  if (session_.wants_input()) socket_.resume_reading();
  const auto deadline = session_.deadline();
  if (deadline.limit != ServerDeadlines::Limit::none) timer_.watch(deadline.at, now);
}

}  // namespace payswitch::http
