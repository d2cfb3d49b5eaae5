#include "net/transfers.h"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace payswitch::net {
namespace {

template <class Call>
int result_of(Call call) {
  ssize_t count = 0;
  do {
    count = call();
  } while (count < 0 && errno == EINTR);
  return count < 0 ? -errno : static_cast<int>(count);
}

}  // namespace

Transfers::~Transfers() {
  give_up_io_uring();
}

void Transfers::give_up_io_uring() {
  if (way_ == Way::io_uring) io_uring_queue_exit(&ring_);
  way_ = Way::one_by_one;
}

void Transfers::add_read(int descriptor, std::span<char> room) {
  pieces_.push_back(
      {.descriptor = descriptor, .is_write = false, .data = room.data(), .size = room.size()});
}

void Transfers::add_write(int descriptor, std::string_view bytes) {
  pieces_.push_back({.descriptor = descriptor,
                     .is_write = true,
                     .data = const_cast<char*>(bytes.data()),
                     .size = bytes.size()});
}

std::span<const int> Transfers::run() {
  results_.assign(pieces_.size(), -ECANCELED);
  for (std::size_t first = 0; first < pieces_.size(); first += max_together) {
    const auto count = std::min<std::size_t>(max_together, pieces_.size() - first);
    if (count > 1 && may_use_io_uring()) {
      do_together(first, count);
    } else {
      for (auto i = first; i < first + count; ++i) results_[i] = do_alone(pieces_[i]);
    }
  }
  pieces_.clear();
  return results_;
}

int Transfers::read(int descriptor, std::span<char> room) {
  return result_of([&] { return ::recv(descriptor, room.data(), room.size(), 0); });
}

int Transfers::write(int descriptor, std::string_view bytes) {
  return result_of([&] { return ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
}

int Transfers::do_alone(const Piece& piece) {
  return piece.is_write ? write(piece.descriptor, {piece.data, piece.size})
                        : read(piece.descriptor, {piece.data, piece.size});
}

bool Transfers::may_use_io_uring() {
  if (way_ == Way::not_tried) {
    way_ = io_uring_queue_init(max_together, &ring_, 0) == 0 ? Way::io_uring : Way::one_by_one;
  }
  return way_ == Way::io_uring;
}

// MSG_DONTWAIT: the kernel does each at once, within the call, and keeps nothing for later.
void Transfers::prepare(std::size_t first, std::size_t count) {
  for (auto i = first; i < first + count; ++i) {
    const Piece& piece = pieces_[i];
    io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
    assert(entry != nullptr);
    if (piece.is_write) {
      io_uring_prep_send(entry, piece.descriptor, piece.data, piece.size,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      io_uring_prep_recv(entry, piece.descriptor, piece.data, piece.size, MSG_DONTWAIT);
    }
    entry->user_data = i;
  }
}

void Transfers::do_together(std::size_t first, std::size_t count) {
  prepare(first, count);
  std::size_t taken = 0;
  for (std::size_t done = 0; done < count;) {
    const int submitted = io_uring_submit_and_wait(&ring_, static_cast<unsigned>(count - done));
    if (submitted < 0 && submitted != -EINTR) break;
    taken += static_cast<std::size_t>(std::max(submitted, 0));
    done += reap();
    if (done == count) return;
  }
  // The kernel takes them in order: the ones after those were not begun.
  reap();
  give_up_io_uring();
  for (auto i = first + taken; i < first + count; ++i) results_[i] = do_alone(pieces_[i]);
}

unsigned Transfers::reap() {
  io_uring_cqe* completion = nullptr;
  unsigned head = 0;
  unsigned count = 0;
  io_uring_for_each_cqe(&ring_, head, completion) {
    results_[completion->user_data] = completion->res;
    ++count;
  }
  io_uring_cq_advance(&ring_, count);
  return count;
}

}  // namespace payswitch::net
