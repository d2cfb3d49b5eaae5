#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

struct sockaddr;

namespace payswitch::http {

class Poller;

class SocketOwner {
 public:
  // There may be something to read, or room to write, or the connection is broken. From the loop,
  // never from within a call to the socket.
  virtual void on_ready() = 0;

 protected:
  ~SocketOwner() = default;
};

// A TCP socket that never blocks. It knows from its Poller whether a call can do anything at all.
// Loop thread only; it does not move, and goes before its loop.
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
  bool is_readable() const { return readable_; }
  // Likewise for a write.
  bool is_writable() const { return writable_; }
  // on_ready() comes once more, in the next turn of the loop.
  void be_ready_again();

  Transfer read(std::span<char> room);
  Transfer write(std::string_view bytes);
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

  Poller* poller_ = nullptr;
  SocketOwner* owner_ = nullptr;
  int descriptor_ = -1;
  bool readable_ = false;
  bool writable_ = false;
  bool end_is_near_ = false;  // the kernel has told of the end, and will not tell again
  bool queued_ = false;       // on_ready() is about to be called
};

}  // namespace payswitch::http
