#include "net/poller.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cassert>
#include <cerrno>
#include <utility>

// How this works:
//
//   epoll ──► look() ──► next_turns_ ──► read_all() ──► take_turn() of each
//                            ▲                              │ enqueue()
//                            └──────────────────────────────┤
//                        next_writes_ ──► write_all()  ◄────┘ write_soon()
//
// The epoll descriptor is itself one that Asio waits for. When it is ready, look() notes the events
// of up to 256 descriptors; then all that are readable and have room are read together, by one
// io_uring_enter, and then each takes its turn. Writes wait until everything that Asio had ready
// has run, and go out together, too. Between two turns nothing is read, so bytes always reach a
// pollable before its turn and never outside of one.
//
// An edge is reported once. So `readable_` stays true until a read would have blocked or was short,
// for that has emptied the socket; a short read leaves it true while the end is near, which is not
// reported again. A pollable that leaves bytes unread must ask for its next turn itself.
//
// What is enqueued during the turns runs in the next turn of the loop, so no pollable can starve
// the others. A pollable that is removed becomes a nullptr in the lists, which may be in use just
// then.
namespace payswitch::net {
namespace {

int make_epoll() {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor != -1) return descriptor;
  throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
}

bool would_block(int result) {
  return result == -EAGAIN || result == -EWOULDBLOCK;
}

}  // namespace

Poller::Poller(boost::asio::io_context& context)
    : boost::asio::io_context::service(context), context_(context), epoll_(context, make_epoll()) {
  await();
}

Poller::~Poller() = default;

void Poller::shutdown() {
  boost::system::error_code ignored;
  epoll_.close(ignored);
}

int Poller::add(int descriptor, Pollable& pollable) {
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  wanted.data.ptr = &pollable;
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor, &wanted) != 0) return errno;
  pollable.descriptor_ = descriptor;
  return 0;
}

void Poller::remove(Pollable& pollable) {
  const auto remove_from = [&](std::vector<Pollable*>& list) {
    std::ranges::replace(list, &pollable, nullptr);
  };
  if (pollable.has_next_turn_) remove_from(next_turns_);
  if (pollable.has_turn_) remove_from(turns_);
  if (pollable.has_write_) {
    remove_from(next_writes_);
    remove_from(writes_);
  }
  pollable.descriptor_ = -1;
  pollable.readable_ = pollable.writable_ = pollable.ending_ = false;
  pollable.has_turn_ = pollable.has_next_turn_ = false;
  pollable.wants_to_write_ = pollable.has_write_ = false;
}

// -- events -------------------------------------------------------------------------------------

void Poller::await() {
  epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& error) {
                      if (error) return;
                      look();
                      take_turns();
                      await();
                    });
}

bool Poller::look() {
  std::array<epoll_event, max_events> events;
  const int count = ::epoll_wait(epoll_.native_handle(), events.data(), max_events, 0);
  for (const auto& event : std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
    note(*static_cast<Pollable*>(event.data.ptr), event.events);
  }
  return count == max_events;
}

void Poller::note(Pollable& pollable, std::uint32_t events) {
  constexpr std::uint32_t broken = EPOLLHUP | EPOLLERR;
  if (events & (broken | EPOLLRDHUP)) pollable.ending_ = true;
  if (events & (broken | EPOLLRDHUP | EPOLLIN)) pollable.readable_ = true;
  if (events & (broken | EPOLLOUT)) pollable.writable_ = true;
  push_turn(pollable);
  if (pollable.wants_to_write_ && pollable.writable_) enqueue_write(pollable);
}

void Poller::look_again() {
  if (std::exchange(looked_again_, true)) return;
  boost::asio::post(context_, [this] { looked_again_ = false; });
  while (look()) {
  }
  if (!next_turns_.empty()) take_turns_soon();
}

// -- turns --------------------------------------------------------------------------------------

void Poller::enqueue(Pollable& pollable) {
  push_turn(pollable);
  take_turns_soon();
}

// Also one whose turn in this list is still to come: what it was read for is over.
void Poller::push_turn(Pollable& pollable) {
  if (!std::exchange(pollable.has_next_turn_, true)) next_turns_.push_back(&pollable);
}

void Poller::take_turns_soon() {
  if (std::exchange(turns_posted_, true)) return;
  boost::asio::post(context_, [this] {
    turns_posted_ = false;
    take_turns();
  });
}

void Poller::take_turns() {
  turns_.swap(next_turns_);
  std::erase(turns_, nullptr);
  for (Pollable* const pollable : turns_) {
    pollable->has_next_turn_ = false;
    pollable->has_turn_ = true;
  }
  read_all();
  // By index: what a turn removes becomes a nullptr in the list.
  for (std::size_t i = 0; i < turns_.size(); ++i) {
    Pollable* const pollable = turns_[i];
    if (pollable == nullptr) continue;
    pollable->has_turn_ = false;
    pollable->take_turn();
  }
  turns_.clear();
}

void Poller::read_all() {
  for (Pollable* const pollable : turns_) {
    if (!pollable->readable_) continue;
    const auto room = pollable->room();
    if (room.empty()) continue;
    transfers_.add_read(pollable->descriptor_, room);
    rooms_.push_back({.pollable = pollable, .bytes = room});
  }
  const auto results = transfers_.run();
  for (std::size_t i = 0; i < rooms_.size(); ++i) {
    note_read(*rooms_[i].pollable, results[i], rooms_[i].bytes.size());
  }
  rooms_.clear();
}

void Poller::note_read(Pollable& pollable, int result, std::size_t room) {
  if (would_block(result)) return note_blocked_read(pollable);
  const bool has_emptied = result > 0 && std::cmp_less(result, room);
  if (has_emptied) pollable.readable_ = pollable.ending_;
  pollable.on_read(result);
}

// -- writes -------------------------------------------------------------------------------------

void Poller::write_soon(Pollable& pollable) {
  pollable.wants_to_write_ = true;
  if (pollable.writable_) enqueue_write(pollable);
}

void Poller::enqueue_write(Pollable& pollable) {
  if (std::exchange(pollable.has_write_, true)) return;
  next_writes_.push_back(&pollable);
  if (std::exchange(writes_posted_, true)) return;
  boost::asio::post(context_, [this] {
    writes_posted_ = false;
    write_all();
  });
}

void Poller::write_all() {
  writes_.swap(next_writes_);
  std::erase(writes_, nullptr);
  for (const Pollable* pollable : writes_) {
    const auto bytes = pollable->unsent();
    assert(!bytes.empty());
    transfers_.add_write(pollable->descriptor_, bytes);
  }
  const auto results = transfers_.run();
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    if (Pollable* const pollable = writes_[i]) note_write(*pollable, results[i]);
  }
  writes_.clear();
}

void Poller::note_write(Pollable& pollable, int result) {
  pollable.has_write_ = false;
  if (would_block(result)) {
    pollable.writable_ = false;
    return;
  }
  pollable.wants_to_write_ = false;
  if (result < 0) {
    // What came before the error, and the error itself, is still to be read.
    pollable.writable_ = false;
    pollable.readable_ = pollable.ending_ = true;
    enqueue(pollable);
  }
  pollable.on_write(result);
}

}  // namespace payswitch::net
