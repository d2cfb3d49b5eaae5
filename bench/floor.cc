// The floor: what the two HTTP exchanges of a payment cost on this machine when nothing else is
// done. One thread, a bare epoll loop, no journal, no routing, no checks. With --to it forwards
// each POST to a processor on a kept connection and answers 202 when that has answered; without, it
// only answers.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::string_view accepted =
    "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 44\r\n\r\n"
    R"({"message":"Payment processed successfully"})";

[[noreturn]] void give_up(const char* what) {
  fmt::print(stderr, "floor: {}: {}\n", what, std::strerror(errno));
  std::_Exit(EXIT_FAILURE);
}

// The body of the message that `text` begins with; nullopt while it is not whole. One
// Content-Length, spelt as our clients and processors spell it: this is no server for others.
std::optional<std::string_view> whole_body(std::string_view text) {
  constexpr std::string_view name = "Content-Length: ";
  const auto end = text.find("\r\n\r\n");
  if (end == text.npos) return std::nullopt;
  const auto begin = end + 4;
  std::size_t length = 0;
  if (const auto field = text.substr(0, end).find(name); field != text.npos) {
    const char* digits = text.data() + field + name.size();
    std::from_chars(digits, text.data() + end, length);
  }
  if (text.size() - begin < length) return std::nullopt;
  return text.substr(begin, length);
}

// Either side of an exchange: one request at a time.
struct Peer {
  int socket = -1;
  bool is_processor = false;
  Peer* client = nullptr;  // whose payment this processor's connection carries
  std::size_t filled = 0;
  std::array<char, 4096> buffer;

  std::string_view text() const { return {buffer.data(), filled}; }
};

class Floor {
 public:
  Floor(std::uint16_t port, std::uint16_t upstream) : upstream_(upstream) {
    listener_.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener_.socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    auto address = loopback(port);
    socklen_t size = sizeof(address);
    if (::bind(listener_.socket, reinterpret_cast<sockaddr*>(&address), size) != 0) give_up("bind");
    if (::listen(listener_.socket, 4096) != 0) give_up("listen");
    ::getsockname(listener_.socket, reinterpret_cast<sockaddr*>(&address), &size);
    watch(listener_);
    fmt::print("listening on 127.0.0.1:{}\n", ntohs(address.sin_port));
    std::fflush(stdout);
  }

  void run() {
    std::array<epoll_event, 512> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        Peer& peer = *static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr);
        &peer == &listener_ ? take_client() : read(peer);
      }
    }
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void watch(Peer& peer) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &peer}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.socket, &event) != 0) give_up("epoll_ctl");
  }

  Peer& add(int socket, bool is_processor) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    auto& peer = *peers_.emplace_back(std::make_unique<Peer>());
    peer.socket = socket;
    peer.is_processor = is_processor;
    watch(peer);
    return peer;
  }

  void take_client() {
    const int socket = ::accept4(listener_.socket, nullptr, nullptr, SOCK_NONBLOCK);
    if (socket != -1) add(socket, false);
  }

  // Peers are few and live as long as the process.
  void read(Peer& peer) {
    const auto count =
        ::recv(peer.socket, peer.buffer.data() + peer.filled, peer.buffer.size() - peer.filled, 0);
    if (count == -1 && errno == EAGAIN) return;
    if (count <= 0) {
      ::close(std::exchange(peer.socket, -1));
      if (peer.is_processor) give_up("the processor hung up");
      return;
    }
    peer.filled += static_cast<std::size_t>(count);
    const auto body = whole_body(peer.text());
    if (!body) return;
    peer.is_processor ? answered(peer) : asked(peer, *body);
    peer.filled = 0;
  }

  void asked(Peer& client, std::string_view body) {
    if (upstream_ == 0) return send(client, accepted);
    Peer& processor = idle_processor();
    processor.client = &client;
    request_.clear();
    fmt::format_to(
        std::back_inserter(request_),
        "POST /payments HTTP/1.1\r\nHost: processor\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n{}",
        body.size(), body);
    send(processor, request_);
  }

  void answered(Peer& processor) {
    if (!processor.text().starts_with("HTTP/1.1 200")) give_up("the processor refused a payment");
    send(*processor.client, accepted);
    idle_.push_back(&processor);
  }

  Peer& idle_processor() {
    if (!idle_.empty()) {
      Peer& peer = *idle_.back();
      idle_.pop_back();
      return peer;
    }
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto address = loopback(upstream_);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      give_up("connect");
    }
    return add(socket, true);
  }

  static void send(const Peer& peer, std::string_view text) {
    const auto count = ::send(peer.socket, text.data(), text.size(), MSG_NOSIGNAL);
    const bool is_whole = count == static_cast<ssize_t>(text.size());
    // A client may have gone; nobody else's socket is ever full with one exchange at a time.
    if (!is_whole && peer.is_processor) give_up("send");
  }

  const std::uint16_t upstream_;
  const int epoll_ = ::epoll_create1(0);
  Peer listener_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Peer*> idle_;  // connections to the processor; the last used is used next
  std::string request_;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What two HTTP exchanges cost when nothing else is done");
  std::uint16_t port = 0;
  std::uint16_t upstream = 0;
  app.add_option("--port", port, "On 127.0.0.1; 0: any free one")->capture_default_str();
  app.add_option("--to", upstream, "The processor's port; without it 202 is all that is done");
  CLI11_PARSE(app, argc, argv);
  Floor(port, upstream).run();
  return 0;
}
