#pragma once

#include <liburing.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace payswitch::net {

// Reads and writes of many sockets, done together: by one system call for up to max_together of
// them (io_uring), or by one for each, where the kernel does not offer that. None of them waits.
// Loop thread only.
class Transfers {
 public:
  static constexpr unsigned max_together = 256;

  Transfers() = default;
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  // One system call for each from now on.
  void give_up_io_uring();
  bool uses_io_uring() const { return way_ == Way::io_uring; }

  void add_read(int descriptor, std::span<char> room);
  void add_write(int descriptor, std::string_view bytes);
  bool empty() const { return pieces_.empty(); }

  // One alone, now: the number of bytes (0: the end), or -errno.
  static int read(int descriptor, std::span<char> room);
  static int write(int descriptor, std::string_view bytes);

  // Does what was added, in that order. For each the number of bytes (0: a read has met the end),
  // or -errno; valid until the next add.
  std::span<const int> run();

 private:
  enum class Way : std::uint8_t { not_tried, io_uring, one_by_one };

  struct Piece {
    int descriptor;
    bool is_write;
    char* data;
    std::size_t size;
  };

  static int do_alone(const Piece& piece);
  bool may_use_io_uring();
  void prepare(std::size_t first, std::size_t count);
  void do_together(std::size_t first, std::size_t count);
  unsigned reap();

  Way way_ = Way::not_tried;
  io_uring ring_{};
  std::vector<Piece> pieces_;
  std::vector<int> results_;
};

}  // namespace payswitch::net
