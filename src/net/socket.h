#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "net/pollable.h"

struct sockaddr;

namespace payswitch::net {

// What has come in on a socket.
struct Input {
  enum class State : std::uint8_t {
    open,    // more may come
    ending,  // the other side sends no more than what is still to be read
    ended,   // the other side has sent its last byte, and it was read
    broken,  // the connection is gone
  };

  std::size_t bytes = 0;  // at the beginning of the owner's room(); none when ended or broken
  State state = State::open;
};

// What a Socket reports to its owner, always from the loop, never from within a call to the socket.
// The owner may close or destroy the socket in each of these calls.
class SocketOwner {
 public:
  // connect() is over: 0, or errno.
  virtual void on_connected(int /*error*/) {}

  // Where the next bytes go; empty: none are wanted now. The room must stay until on_input().
  virtual std::span<char> room() = 0;
  // Bytes were read into the room, or the state has changed. Nothing follows `ended` or `broken`.
  virtual void on_input(Input input) = 0;

  // What is to be written now. Not empty after write_soon().
  virtual std::string_view unsent() const = 0;
  // The kernel has taken that many bytes of it, at least one.
  virtual void on_sent(std::size_t bytes) = 0;
  // The connection is gone. What came before that is still read, while there is room, and then the
  // input ends.
  virtual void on_send_failed() = 0;

  // call_back() asked for it.
  virtual void on_turn() {}

 protected:
  ~SocketOwner() = default;
};

// A TCP socket that never blocks: it reports to its owner what comes, and asks it for what is to be
// sent. Its Poller reads and writes for it, together with others. Loop thread only; it does not
// move, and goes before its loop.
class Socket final : private Pollable {
 public:
  Socket() = default;
  ~Socket() { close(); }

  // Takes the descriptor, which must not block. 0, or errno; then the descriptor is closed.
  int open(Poller& poller, int descriptor, SocketOwner& owner);
  // Makes a new one and begins to connect it; on_connected() follows. Or errno, and nothing
  // follows.
  int connect(Poller& poller, const sockaddr& address, std::size_t size, SocketOwner& owner);

  bool is_open() const { return descriptor() != -1; }
  using Pollable::descriptor;

  // Nothing has come that was not reported, not even the end. Asks the kernel where that is not
  // known.
  bool is_quiet();
  // The owner has room again.
  void resume_reading();
  // At the end of this turn of the loop, or when the kernel has room again, as much of the owner's
  // unsent() is written as the kernel takes. After on_sent() the owner asks again for the rest.
  void write_soon();
  // on_turn() in the next turn of the loop, after what is ready on other sockets.
  void call_back();

  void set_no_delay();
  // How much the kernel may hold of what was written and not read yet.
  void set_send_buffer(int bytes);
  // Says to the other side that no more is coming.
  void shutdown_send();
  // Nothing is reported any more.
  void close();

 private:
  std::span<char> room() override;
  void on_read(int result) override;
  void take_turn() override;
  std::string_view unsent() const override { return owner_->unsent(); }
  void on_write(int result) override;

  void conclude_connect();
  std::optional<Input> news();
  int error() const;

  Poller* poller_ = nullptr;
  SocketOwner* owner_ = nullptr;
  std::optional<Input> unreported_;  // was read, and its turn has not come
  bool is_connecting_ = false;
  bool end_reported_ = false;  // that it is ending, at least
  bool is_over_ = false;       // ended or broken: nothing is read any more
  bool turn_wanted_ = false;
};

}  // namespace payswitch::net
