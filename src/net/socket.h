#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

struct sockaddr;

namespace payswitch::http {

class Poller;

// Is called from the loop, never from within a call to the socket.
class SocketOwner {
 public:
  // There may be something to read, or the connection is made, or broken.
  virtual void on_ready() = 0;

  // Where to put what has come; empty: nothing is wanted now. What is put there read() tells in the
  // on_ready() that follows, until which the room must stay.
  virtual std::span<char> room() { return {}; }

  // What is to be written now; asked for after write_soon().
  virtual std::string_view unsent() const { return {}; }
  // The kernel has so many bytes of it; or the connection is gone, and whoever reads finds out why.
  virtual void on_written(std::size_t /*bytes*/) {}
  virtual void on_write_failed() {}

 protected:
  ~SocketOwner() = default;
};

// A TCP socket that never blocks. It knows from its Poller whether a call can do anything at all;
// and the Poller reads and writes for it, together with others. Loop thread only; it does not move,
// and goes before its loop.
class Socket {
 public:
  enum class Status : std::uint8_t {
    done,     // some bytes, at least one
    blocked,  // none now: on_ready() comes when there may be
    ended,    // the other side sends no more
    failed,   // the connection is gone
  };
  struct Transfer {
    Status status = Status::blocked;
    std::size_t bytes = 0;
  };

  Socket() = default;
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Takes the descriptor, which must not block. 0, or errno; then the descriptor is closed.
  int open(Poller& poller, int descriptor, SocketOwner& owner);
  // A new one, and the attempt to connect it: when that is over, is_writable() is true, and error()
  // tells.
  int connect(Poller& poller, const sockaddr& address, std::size_t size, SocketOwner& owner);

  bool is_open() const { return descriptor_ != -1; }
  int descriptor() const { return descriptor_; }

  // False: a read would be blocked. True: perhaps not.
  bool is_readable() const { return readable_ || has_read_; }
  // Likewise for a write.
  bool is_writable() const { return writable_; }
  // The other side will send no more than what is there to be read, or the connection is gone.
  bool has_ended() const { return end_is_near_; }
  // The owner's room() was filled, or the end was met: read() tells.
  bool has_read() const { return has_read_; }
  // on_ready() comes once more, in the next turn of the loop.
  void be_ready_again();

  Transfer read(std::span<char> room);
  // At the end of this turn of the loop, or when the kernel has room again, as much of the owner's
  // unsent() is written as it takes. It must not be empty then.
  void write_soon();
  // What read() would say; takes nothing.
  Status peek();
  // The descriptor of a new connection (non-blocking), or -errno. For a listening socket.
  int accept();

  void set_no_delay();
  // What the kernel may hold of what was written and not read yet.
  void set_send_buffer(int bytes);
  // What went wrong, as errno; 0: nothing.
  int error() const;
  // Says to the other side that no more is coming; or, with both, cuts the connection.
  void shutdown_send();
  void shutdown_both();
  void close();

 private:
  friend class Poller;

  void note(std::uint32_t events);
  // Of a read into room of this size: bytes, or -errno.
  Transfer after_read(int result, std::size_t room);
  void read_ahead(int result, std::span<char> room);
  void after_write(int result);

  Poller* poller_ = nullptr;
  SocketOwner* owner_ = nullptr;
  int descriptor_ = -1;
  bool readable_ = false;
  bool writable_ = false;
  bool end_is_near_ = false;  // the kernel has told of the end, and will not tell again
  bool queued_ = false;       // on_ready() is about to be called
  bool wants_to_write_ = false;
  bool write_queued_ = false;
  bool has_read_ = false;  // read_ is still to be told
  Transfer read_;
  const char* read_into_ = nullptr;  // the room that was filled
};

}  // namespace payswitch::http
