#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include "net/poller.h"

// How this works:
//
//   connecting ──on_connected(0)──► open ──► ending ──► ended | broken     close() from anywhere
//
// The Poller calls room() and on_read() first, for all sockets that are ready, and take_turn()
// later in the same turn of the loop. In between another owner may run: it may close this socket,
// which drops what was read, or ask is_quiet(), for which what was read and not reported counts.
//
// A turn is one call of the owner at most, because the owner may destroy the socket in it. So
// whatever else is left to do (more to read, a turn that was asked for) is enqueued before that
// call; close() takes it out of the queue again.
//
// Example: the other side sends 3 bytes and closes. The kernel reports EPOLLIN and EPOLLRDHUP at
// once. First turn: {3 bytes, ending}. Second turn, which the socket asked for itself, because an
// end is reported only once: {0, ended}.
namespace payswitch::net {

int Socket::open(Poller& poller, int descriptor, SocketOwner& owner) {
  assert(!is_open() && descriptor != -1);
  poller_ = &poller;
  owner_ = &owner;
  const int error = poller.add(descriptor, *this);
  if (error != 0) ::close(descriptor);
  return error;
}

int Socket::connect(Poller& poller, const sockaddr& address, std::size_t size, SocketOwner& owner) {
  const int descriptor =
      ::socket(address.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor == -1) return errno;
  int error = 0;
  if (::connect(descriptor, &address, static_cast<socklen_t>(size)) != 0) error = errno;
  if (error == 0 || error == EINPROGRESS || error == EINTR) {
    error = open(poller, descriptor, owner);
    is_connecting_ = error == 0;
    return error;
  }
  ::close(descriptor);
  return error;
}

void Socket::close() {
  if (!is_open()) return;
  const int closing = descriptor();
  poller_->remove(*this);
  unreported_.reset();
  is_connecting_ = end_reported_ = is_over_ = turn_wanted_ = false;
  ::close(closing);
}

// -- input --------------------------------------------------------------------------------------

std::span<char> Socket::room() {
  return is_connecting_ || is_over_ ? std::span<char>{} : owner_->room();
}

void Socket::on_read(int result) {
  assert(!unreported_);
  if (result > 0) {
    unreported_ = {.bytes = static_cast<std::size_t>(result)};
  } else {
    is_over_ = true;
    unreported_ = {.state = result == 0 ? Input::State::ended : Input::State::broken};
  }
}

void Socket::take_turn() {
  if (is_connecting_) return conclude_connect();
  const auto input = news();
  const bool may_go_on = input && input->bytes > 0 && is_readable();
  if (may_go_on || (input && turn_wanted_)) poller_->enqueue(*this);
  if (input) return owner_->on_input(*input);
  if (std::exchange(turn_wanted_, false)) owner_->on_turn();
}

// What the owner has not heard yet.
std::optional<Input> Socket::news() {
  std::optional<Input> input = std::exchange(unreported_, std::nullopt);
  if (!is_ending() || is_over_) return input;
  if (!std::exchange(end_reported_, true) && !input) input.emplace();
  if (input) input->state = Input::State::ending;
  return input;
}

bool Socket::is_quiet() {
  if (unreported_ || is_over_) return false;
  if (!is_readable()) return true;
  char byte = 0;
  ssize_t count = 0;
  do {
    count = ::recv(descriptor(), &byte, 1, MSG_PEEK);
  } while (count < 0 && errno == EINTR);
  if (count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return false;
  poller_->note_blocked_read(*this);
  return true;
}

void Socket::resume_reading() {
  if (is_readable() && !is_over_) poller_->enqueue(*this);
}

void Socket::call_back() {
  assert(is_open());
  turn_wanted_ = true;
  poller_->enqueue(*this);
}

// -- connecting, and output ---------------------------------------------------------------------

void Socket::conclude_connect() {
  if (!is_writable()) return;
  is_connecting_ = false;
  if (is_readable()) poller_->enqueue(*this);
  owner_->on_connected(error());
}

void Socket::write_soon() {
  assert(is_open());
  poller_->write_soon(*this);
}

void Socket::on_write(int result) {
  if (result < 0) return owner_->on_send_failed();
  owner_->on_sent(static_cast<std::size_t>(result));
}

// -- the descriptor -----------------------------------------------------------------------------

void Socket::set_no_delay() {
  const int yes = 1;
  ::setsockopt(descriptor(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

void Socket::set_send_buffer(int bytes) {
  ::setsockopt(descriptor(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void Socket::shutdown_send() {
  ::shutdown(descriptor(), SHUT_WR);
}

// What went wrong, as errno; 0: nothing.
int Socket::error() const {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(descriptor(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace payswitch::net
