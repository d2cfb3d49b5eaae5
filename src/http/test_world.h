#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "world/manual_time.h"
#include "world/real_test_loop.h"

// For the tests of this room: real sockets, but time that moves only when the test says so.
namespace payswitch::http {

using world::ManualTime;
using world::TestLoop;

// The far end of a connection: a plain socket, so that a test can say exactly which bytes go when.
class Wire {
 public:
  // -1: none.
  explicit Wire(int descriptor = -1) : descriptor_(descriptor) {}
  Wire(Wire&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        received_(std::move(other.received_)),
        ended_(other.ended_),
        reset_(other.reset_) {}
  Wire& operator=(Wire&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(received_, other.received_);
    std::swap(ended_, other.ended_);
    std::swap(reset_, other.reset_);
    return *this;
  }
  ~Wire() { close(); }

  static Wire connect(std::uint16_t port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    EXPECT_EQ(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    return Wire{descriptor};
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  explicit operator bool() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

  // How many of the bytes the kernel took.
  std::size_t send(std::string_view bytes) {
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }

  // All that has come so far and was not taken.
  std::string& received() {
    char piece[4096];
    while (!ended_ && !reset_) {
      const auto count = ::recv(descriptor_, piece, sizeof piece, 0);
      if (count > 0) received_.append(piece, static_cast<std::size_t>(count));
      ended_ = count == 0;
      if (count < 0 && errno != EAGAIN) reset_ = true;
      if (count < 0) break;
    }
    return received_;
  }
  std::string take() { return std::exchange(received(), {}); }

  // The other side has closed: orderly, or with a reset.
  bool ended() { return received(), ended_; }
  bool reset() { return received(), reset_; }

  void end_sending() { ::shutdown(descriptor_, SHUT_WR); }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  // Closes with a reset instead of an orderly end.
  void abort() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

 private:
  int descriptor_;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

// UBSan looks at an object through a pipe, and calls every one broken when it cannot have any.
inline constexpr bool sanitizer_needs_descriptors = __has_feature(undefined_behavior_sanitizer);

// While it lives, the process may open `spare` more descriptors.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t spare) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);
    ::close(next);
    const rlimit tight{.rlim_cur = static_cast<rlim_t>(next) + spare, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// A listening socket whose connections the test serves by hand.
class WireListener {
 public:
  explicit WireListener(int backlog = 128)
      : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = Wire::loopback(0);
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(descriptor_, backlog), 0);
    socklen_t size = sizeof address;
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  WireListener(const WireListener&) = delete;
  WireListener& operator=(const WireListener&) = delete;
  ~WireListener() { close(); }

  std::uint16_t port() const { return port_; }

  // None when nobody has connected.
  Wire accept() {
    return Wire{::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  }

  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

}  // namespace payswitch::http
