#include "tools/processor/connection.h"

#include <utility>

namespace payswitch::lab {

bool Connection::open(net::Poller& poller, int descriptor) {
  if (socket_.open(poller, descriptor, *this) != 0) return false;
  socket_.set_no_delay();
  return true;
}

void Connection::close() {
  if (!socket_.is_open()) return;
  socket_.close();
  closed_(*this);
}

void Connection::on_input(net::Input input) {
  const auto self = shared_from_this();
  if (input.state == net::Input::State::broken) return close();
  session_.take(input, shared_.clock.now());
  take_turn();
}

void Connection::on_turn() {
  const auto self = shared_from_this();
  take_turn();
}

void Connection::on_sent(std::size_t bytes) {
  const auto self = shared_from_this();
  if (fault_begun_ && session_.unsent().empty()) {
    raw_.remove_prefix(bytes);
  } else {
    session_.sent(bytes, shared_.clock.now());
  }
  take_turn();
}

void Connection::on_send_failed() {
  const auto self = shared_from_this();
  close();
}

void Connection::take_turn() {
  session_.begin_turn();
  hand_over_requests();
  if (!socket_.is_open()) return;
  session_.say_continue(shared_.clock.now());
  send();
  if (session_.turn_is_over()) socket_.call_back();
  settle();
}

void Connection::hand_over_requests() {
  using Step = http::ServerSession::Step;
  for (Step step = session_.next_request(); step != Step::none; step = session_.next_request()) {
    if (step == Step::bad_request) {
      session_.reject(session_.problem(), shared_.date.at(shared_.clock.wall()));
      continue;
    }
    shared_.handle(session_.request(),
                   [self = shared_from_this(), sequence = session_.sequence()](
                       const Response& response) { self->respond(sequence, response); });
  }
}

void Connection::respond(std::uint64_t sequence, const Response& response) {
  if (!socket_.is_open()) return;
  if (response.raw_then_close) {
    faults_.emplace(sequence, *response.raw_then_close);
  } else {
    const std::string_view type = response.body.empty() ? "" : response.content_type;
    session_.respond(sequence,
                     {.status = response.status, .content_type = type, .body = response.body},
                     shared_.date.at(shared_.clock.wall()));
  }
  send();
}

// A fault begins when all requests before its own have been answered.
void Connection::send() {
  const auto fault = faults_.find(session_.first_unanswered());
  if (fault != faults_.end() && !std::exchange(fault_begun_, true)) {
    raw_ = fault->second;
    socket_.call_back();
  }
  if (!unsent().empty()) socket_.write_soon();
}

std::string_view Connection::unsent() const {
  return session_.unsent().empty() ? raw_ : session_.unsent();
}

void Connection::settle() {
  using Next = http::ServerSession::Next;
  if (fault_begun_ && unsent().empty()) return close();
  const Next next = session_.settle(shared_.clock.now());
  if (next == Next::close) return close();
  if (next == Next::linger) socket_.shutdown_send();
  if (session_.wants_input()) socket_.resume_reading();
}

}  // namespace payswitch::lab
