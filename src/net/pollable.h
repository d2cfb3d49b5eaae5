#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace payswitch::net {

class Poller;

// A descriptor that a Poller watches: a socket, or a listener. The Poller knows what the kernel
// said of it, reads and writes for it, and gives it turns; what any of that means is the pollable's
// business. All calls come from the loop, and never from within a call to the Poller.
class Pollable {
 public:
  Pollable(const Pollable&) = delete;
  Pollable& operator=(const Pollable&) = delete;

 protected:
  Pollable() = default;
  ~Pollable() = default;

  int descriptor() const { return descriptor_; }
  // False: a read would block. True: it may not.
  bool is_readable() const { return readable_; }
  // The same for a write.
  bool is_writable() const { return writable_; }
  // The other side sends no more than what is still to be read, or the connection is gone.
  bool is_ending() const { return ending_; }

 private:
  friend class Poller;

  // Where the next bytes go; empty: none are wanted now. The room stays until take_turn().
  virtual std::span<char> room() { return {}; }
  // That room was read into: the number of bytes, 0 at the end, or -errno. This only takes note;
  // a turn follows.
  virtual void on_read(int /*result*/) {}
  // Once a turn of the loop, when the kernel had something to report, or enqueue() was called. May
  // remove or destroy any pollable, also this one.
  virtual void take_turn() = 0;
  // What is to be written now. Not empty after Poller::write_soon().
  virtual std::string_view unsent() const { return {}; }
  // The number of bytes that the kernel took, or -errno. May do what take_turn() may.
  virtual void on_write(int /*result*/) {}

  int descriptor_ = -1;
  bool readable_ = false;
  bool writable_ = false;
  bool ending_ = false;
  bool has_next_turn_ = false;   // is in the list of the next turn
  bool has_turn_ = false;        // is in the list of this turn, and has not taken it
  bool wants_to_write_ = false;  // write_soon() was called, and nothing was written since
  bool has_write_ = false;       // is in the list of those that are written for next
};

}  // namespace payswitch::net
