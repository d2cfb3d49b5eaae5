#pragma once

#include "net/pollable.h"

namespace payswitch::net {

// What an Acceptor reports to its owner, always from the loop. The owner may close the acceptor in
// each of these calls, and not destroy it.
class AcceptorOwner {
 public:
  // A new connection. The owner takes the descriptor, which does not block.
  virtual void on_accepted(int descriptor) = 0;
  // Most likely the process has no descriptor left (errno). No more are accepted until resume().
  virtual void on_accept_failed(int error) = 0;

 protected:
  ~AcceptorOwner() = default;
};

// A listening socket that never blocks. Loop thread only; it does not move, and goes before its
// loop.
class Acceptor final : private Pollable {
 public:
  Acceptor() = default;
  ~Acceptor() { close(); }

  // Takes the descriptor, which must listen and not block. 0, or errno; then the descriptor is
  // closed.
  int open(Poller& poller, int descriptor, AcceptorOwner& owner);
  bool is_open() const { return descriptor() != -1; }
  void resume();
  // Connections that wait in the kernel are reset.
  void close();

 private:
  // Then those that are connected have their turn.
  static constexpr int max_accepts_a_turn = 64;

  void take_turn() override;
  bool may_accept() const { return is_readable() && !is_paused_; }
  void accept();

  Poller* poller_ = nullptr;
  AcceptorOwner* owner_ = nullptr;
  bool is_paused_ = false;
};

}  // namespace payswitch::net
