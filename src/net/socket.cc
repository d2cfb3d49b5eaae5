#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include "net/poller.h"
#include "net/transfers.h"

namespace payswitch::http {
namespace {

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

}  // namespace

int Socket::open(Poller& poller, int descriptor, SocketOwner& owner) {
  assert(!is_open() && descriptor != -1);
  poller_ = &poller;
  owner_ = &owner;
  descriptor_ = descriptor;
  if (poller.add(descriptor, *this)) return 0;
  const int error = errno;
  close();
  return error;
}

int Socket::connect(Poller& poller, const sockaddr& address, std::size_t size, SocketOwner& owner) {
  const int descriptor =
      ::socket(address.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor == -1) return errno;
  int error = 0;
  if (::connect(descriptor, &address, static_cast<socklen_t>(size)) != 0) error = errno;
  if (error == 0 || error == EINPROGRESS || error == EINTR) return open(poller, descriptor, owner);
  ::close(descriptor);
  return error;
}

void Socket::be_ready_again() {
  poller_->enqueue(*this);
  poller_->call_ready_soon();
}

Socket::Transfer Socket::read(std::span<char> room) {
  if (std::exchange(has_read_, false)) {
    assert(room.data() == read_into_);
    return read_;
  }
  return after_read(Transfers::read(descriptor_, room), room.size());
}

Socket::Transfer Socket::after_read(int result, std::size_t room) {
  if (result < 0 && !would_block(-result)) return {.status = Status::failed};
  if (result == 0) return {.status = Status::ended};
  // A short read has emptied the socket: what comes later is told again.
  if (std::cmp_less(result, room)) readable_ = end_is_near_;
  if (result < 0) return {};
  return {.status = Status::done, .bytes = static_cast<std::size_t>(result)};
}

void Socket::read_ahead(int result, std::span<char> room) {
  read_ = after_read(result, room.size());
  read_into_ = room.data();
  has_read_ = read_.status != Status::blocked;
}

void Socket::write_soon() {
  wants_to_write_ = true;
  if (writable_) poller_->enqueue_write(*this);
}

void Socket::after_write(int result) {
  if (result >= 0) {
    wants_to_write_ = false;
    return owner_->on_written(static_cast<std::size_t>(result));
  }
  writable_ = false;
  if (would_block(-result)) return;
  wants_to_write_ = false;
  readable_ = end_is_near_ = true;  // what came before the error, and the error itself
  owner_->on_write_failed();
}

Socket::Status Socket::peek() {
  if (has_read_) return read_.status;
  char byte = 0;
  ssize_t count = 0;
  do {
    count = ::recv(descriptor_, &byte, 1, MSG_PEEK);
  } while (count < 0 && errno == EINTR);
  if (count > 0) return Status::done;
  if (count == 0) return Status::ended;
  if (!would_block(errno)) return Status::failed;
  readable_ = end_is_near_;
  return Status::blocked;
}

int Socket::accept() {
  const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted != -1) return accepted;
  if (would_block(errno)) readable_ = false;
  return -errno;
}

void Socket::set_no_delay() {
  const int yes = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

void Socket::set_send_buffer(int bytes) {
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

int Socket::error() const {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void Socket::shutdown_send() {
  ::shutdown(descriptor_, SHUT_WR);
}

void Socket::shutdown_both() {
  ::shutdown(descriptor_, SHUT_RDWR);
}

void Socket::close() {
  if (!is_open()) return;
  poller_->forget(*this);
  queued_ = write_queued_ = wants_to_write_ = false;
  readable_ = writable_ = end_is_near_ = has_read_ = false;
  ::close(std::exchange(descriptor_, -1));
}

void Socket::note(std::uint32_t events) {
  constexpr std::uint32_t broken = EPOLLHUP | EPOLLERR;
  if (events & (broken | EPOLLRDHUP)) end_is_near_ = true;
  if (events & (broken | EPOLLRDHUP | EPOLLIN)) readable_ = true;
  if (events & (broken | EPOLLOUT)) writable_ = true;
}

}  // namespace payswitch::http
