#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace payswitch::http {

// Bytes that were read and are not used up yet, always in one piece. It is kept for the life of a
// connection, so that a steady stream of messages allocates nothing. It has no limit of its own:
// the parser that owns it stops asking for more.
//
// Positions count from the first readable byte. Views into it die with prepare() and the calls that
// remove bytes.
class InputBuffer {
 public:
  std::string_view readable() const { return {bytes_.data() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Room to read into; never empty.
  std::span<char> prepare();
  // The first `count` bytes of that room are filled.
  void commit(std::size_t count);

  // Removes the first `count` bytes.
  void consume(std::size_t count);
  // Removes `count` bytes at `position`; what follows moves down.
  void erase(std::size_t position, std::size_t count);

 private:
  static constexpr std::size_t initial_bytes = 2048;
  // Less room than this is not worth a system call.
  static constexpr std::size_t least_room = 512;

  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace payswitch::http
