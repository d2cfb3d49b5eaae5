#include "http/poller.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <span>
#include <utility>

#include "http/socket.h"

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
  if (!socket.queued_) return;
  std::ranges::replace(ready_, &socket, nullptr);
  std::ranges::replace(calling_, &socket, nullptr);
}

void Poller::enqueue(Socket& socket) {
  if (std::exchange(socket.queued_, true)) return;
  ready_.push_back(&socket);
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
  }
  return count == max_events;
}

// Whom the owners enqueue meanwhile has its turn later, so that nobody keeps the loop to himself.
void Poller::call_ready() {
  calling_.swap(ready_);
  for (std::size_t i = 0; i < calling_.size(); ++i) {
    Socket* const socket = calling_[i];
    if (socket == nullptr) continue;
    socket->queued_ = false;
    socket->owner_->on_ready();
  }
  calling_.clear();
  if (!ready_.empty()) call_ready_soon();
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
