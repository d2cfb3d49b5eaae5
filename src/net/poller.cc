#include "net/poller.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cassert>
#include <cerrno>
#include <span>
#include <utility>

#include "net/socket.h"

namespace payswitch::http {
namespace {

int make_epoll() {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor != -1) return descriptor;
  throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
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

bool Poller::add(int descriptor, Socket& socket) {
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  wanted.data.ptr = &socket;
  return ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor, &wanted) == 0;
}

void Poller::forget(Socket& socket) {
  const auto forget_in = [&](std::vector<Socket*>& sockets) {
    std::ranges::replace(sockets, &socket, nullptr);
  };
  if (socket.queued_) {
    forget_in(ready_);
    forget_in(calling_);
  }
  if (socket.write_queued_) {
    forget_in(to_write_);
    forget_in(writing_);
  }
}

void Poller::enqueue(Socket& socket) {
  if (std::exchange(socket.queued_, true)) return;
  ready_.push_back(&socket);
}

void Poller::enqueue_write(Socket& socket) {
  if (std::exchange(socket.write_queued_, true)) return;
  to_write_.push_back(&socket);
  if (std::exchange(write_posted_, true)) return;
  boost::asio::post(context_, [this] {
    write_posted_ = false;
    write_all();
  });
}

// The epoll descriptor is itself one that Asio waits for.
void Poller::await() {
  epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& error) {
                      if (error) return;
                      look();
                      call_ready();
                      await();
                    });
}

bool Poller::look() {
  std::array<epoll_event, max_events> events;
  const int count = ::epoll_wait(epoll_.native_handle(), events.data(), max_events, 0);
  for (const auto& event : std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
    Socket& socket = *static_cast<Socket*>(event.data.ptr);
    socket.note(event.events);
    enqueue(socket);
    if (socket.wants_to_write_ && socket.writable_) enqueue_write(socket);
  }
  return count == max_events;
}

// Whom the owners enqueue meanwhile has its turn later, so that nobody keeps the loop to himself.
void Poller::call_ready() {
  calling_.swap(ready_);
  read_ahead();
  for (std::size_t i = 0; i < calling_.size(); ++i) {
    Socket* const socket = calling_[i];
    if (socket == nullptr) continue;
    socket->queued_ = false;
    socket->owner_->on_ready();
  }
  calling_.clear();
  if (!ready_.empty()) call_ready_soon();
}

void Poller::read_ahead() {
  for (Socket* const socket : calling_) {
    if (socket == nullptr || !socket->readable_ || socket->has_read_) continue;
    const auto room = socket->owner_->room();
    if (room.empty()) continue;
    transfers_.add_read(socket->descriptor_, room);
    rooms_.emplace_back(socket, room);
  }
  const auto results = transfers_.run();
  for (std::size_t i = 0; i < rooms_.size(); ++i) {
    const auto& [socket, room] = rooms_[i];
    socket->read_ahead(results[i], room);
  }
  rooms_.clear();
}

void Poller::write_all() {
  writing_.swap(to_write_);
  std::erase(writing_, nullptr);
  for (const Socket* socket : writing_) {
    const auto bytes = socket->owner_->unsent();
    assert(!bytes.empty());
    transfers_.add_write(socket->descriptor_, bytes);
  }
  const auto results = transfers_.run();
  for (std::size_t i = 0; i < writing_.size(); ++i) {
    Socket* const socket = writing_[i];
    if (socket == nullptr) continue;
    socket->write_queued_ = false;
    socket->after_write(results[i]);
  }
  writing_.clear();
}

void Poller::call_ready_soon() {
  if (std::exchange(call_posted_, true)) return;
  boost::asio::post(context_, [this] {
    call_posted_ = false;
    call_ready();
  });
}

void Poller::look_again() {
  if (std::exchange(looked_again_, true)) return;
  boost::asio::post(context_, [this] { looked_again_ = false; });
  while (look()) {
  }
  if (!ready_.empty()) call_ready_soon();
}

}  // namespace payswitch::http
