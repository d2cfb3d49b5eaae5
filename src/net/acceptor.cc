#include "net/acceptor.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

#include "net/poller.h"

namespace payswitch::net {

int Acceptor::open(Poller& poller, int descriptor, AcceptorOwner& owner) {
  assert(!is_open() && descriptor != -1);
  poller_ = &poller;
  owner_ = &owner;
  is_paused_ = false;
  const int error = poller.add(descriptor, *this);
  if (error != 0) ::close(descriptor);
  return error;
}

void Acceptor::close() {
  if (!is_open()) return;
  const int closing = descriptor();
  poller_->remove(*this);
  ::close(closing);
}

void Acceptor::resume() {
  if (!is_open()) return;
  is_paused_ = false;
  if (is_readable()) poller_->enqueue(*this);
}

void Acceptor::take_turn() {
  for (int i = 0; i < max_accepts_a_turn && may_accept(); ++i) accept();
  if (may_accept()) poller_->enqueue(*this);
}

// A connection that was given up before it was accepted (ECONNABORTED) is passed over.
void Acceptor::accept() {
  const int accepted = ::accept4(descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted != -1) return owner_->on_accepted(accepted);
  if (errno == EAGAIN || errno == EWOULDBLOCK) return poller_->note_blocked_read(*this);
  if (errno == ECONNABORTED) return;
  is_paused_ = true;
  owner_->on_accept_failed(errno);
}

}  // namespace payswitch::net
