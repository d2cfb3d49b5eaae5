#include "platform/linux/ring.h"

#include <linux/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>

namespace payswitch::platform {

namespace {

constexpr unsigned entries = 2;

}  // namespace

std::unique_ptr<Ring> Ring::make(boost::asio::io_context& context) {
  std::unique_ptr<Ring> made(new Ring(context));
  if (io_uring_queue_init(entries, &made->ring_, 0) != 0) {
    made->ring_.ring_fd = -1;
    return nullptr;
  }
  // A copy, so that ring and descriptor each close what is theirs.
  const int copy = ::dup(made->ring_.ring_fd);
  if (copy == -1) return nullptr;
  made->completed_.assign(copy);
  return made;
}

// By system call: the C library's struct statx may be older than the kernel's.
bool Ring::suits(int file) {
  struct statx found{};
  if (::syscall(SYS_statx, file, "", AT_EMPTY_PATH, STATX_DIOALIGN, &found) != 0) return false;
  return (found.stx_mask & STATX_DIOALIGN) != 0 && found.stx_dio_offset_align != 0 &&
         found.stx_dio_offset_align <= block_bytes && found.stx_dio_mem_align <= block_bytes;
}

bool Ring::takes(std::uint64_t offset, std::span<const std::byte> bytes) {
  const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
  return !bytes.empty() && (offset | bytes.size() | address) % block_bytes == 0;
}

Ring::~Ring() {
  if (done_) {
    io_uring_cqe* completion = nullptr;
    while (io_uring_wait_cqe(&ring_, &completion) == -EINTR) {
    }
  }
  if (ring_.ring_fd != -1) io_uring_queue_exit(&ring_);
}

void Ring::write(int file, std::uint64_t offset, std::span<const std::byte> bytes, Done done) {
  assert(!done_ && done);
  done_ = std::move(done);
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  assert(entry != nullptr);
  io_uring_prep_write(entry, file, bytes.data(), static_cast<unsigned>(bytes.size()), offset);
  entry->rw_flags = RWF_DSYNC;
  int submitted = 0;
  do {
    submitted = io_uring_submit(&ring_);
  } while (submitted == -EINTR);
  if (submitted == 1) return await();
  // The kernel did not take it. The disk completes nothing inside the call.
  boost::asio::post(completed_.get_executor(),
                    [done = std::exchange(done_, nullptr),
                     result = submitted < 0 ? submitted : -EIO]() mutable { done(result); });
}

void Ring::await() {
  completed_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code& error) {
                          if (!error) finish();
                        });
}

void Ring::finish() {
  io_uring_cqe* completion = nullptr;
  if (io_uring_peek_cqe(&ring_, &completion) != 0) return await();
  const int result = completion->res;
  io_uring_cqe_seen(&ring_, completion);
  std::exchange(done_, nullptr)(result);
}

}  // namespace payswitch::platform
