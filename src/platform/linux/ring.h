#pragma once

#include <liburing.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace payswitch::platform {

// Durable writes by the kernel's io_uring, without a thread between the loop and the disk: half the
// hand-overs of a Worker, and half their CPU time. One write at a time. Loop thread only.
class Ring {
 public:
  // Bytes written, or -errno.
  using Done = std::move_only_function<void(int result)>;

  // What O_DIRECT asks of offset, size and memory, at most.
  static constexpr std::size_t block_bytes = 512;

  // nullptr: this kernel has no io_uring, or does not let us use it.
  static std::unique_ptr<Ring> make(boost::asio::io_context& context);

  // Whether a file, open with O_DIRECT, is written in blocks of block_bytes; and whether a write
  // is such blocks.
  static bool suits(int file);

  static bool takes(std::uint64_t offset, std::span<const std::byte> bytes);

  // Waits for the write that is under way; its `done` is not called.
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Writes whole blocks at `offset`, durable when `done` runs. `file` and `bytes` stay until then.
  void write(int file, std::uint64_t offset, std::span<const std::byte> bytes, Done done);

 private:
  explicit Ring(boost::asio::io_context& context) : completed_(context) {}

  void await();
  void finish();

  io_uring ring_{};
  boost::asio::posix::stream_descriptor completed_;  // readable when a write has completed
  Done done_;                                        // of the write under way
};

}  // namespace payswitch::platform
