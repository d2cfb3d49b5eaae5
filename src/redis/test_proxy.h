#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

// For tests: stands between a client and a server on one machine, and spoils what passes.
namespace payswitch::redis {

struct TestProxyWay {
  std::chrono::milliseconds delay{0};      // before each piece goes on
  std::size_t piece = 64 * 1024;           // bytes at most; 1: drop by drop
  std::optional<std::uint64_t> cut_after;  // bytes of one connection; then both sides are closed
  bool closes_half = false;                // at cut_after: only this way ends, the other goes on
  bool is_stopped = false;                 // nothing is read
};

class TestProxy {
 public:
  TestProxy(boost::asio::io_context& context, std::uint16_t target)
      : context_(context), acceptor_(context, {address(), 0}), target_(target) {
    accept();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  // What befalls the connections that begin from here on.
  TestProxyWay to_server;
  TestProxyWay to_client;

  // What befalls all of them, at once: what was said goes nowhere.
  bool loses_requests = false;
  bool loses_replies = false;
  void cut() {
    for (const auto& each : pairs_) {
      if (const auto pair = each.lock()) pair->close();
    }
    pairs_.clear();
  }
  std::uint64_t bytes_lost = 0;

  std::uint64_t bytes_to_server = 0;  // that went on, of all connections
  std::uint64_t bytes_to_client = 0;
  std::size_t connections = 0;

 private:
  using tcp = boost::asio::ip::tcp;
  using error_code = boost::system::error_code;

  struct Pair {
    Pair(boost::asio::io_context& context) : client(context), server(context) {}
    void close() {
      error_code ignored;
      client.close(ignored);
      server.close(ignored);
    }
    tcp::socket client;
    tcp::socket server;
  };

  struct Pump : std::enable_shared_from_this<Pump> {
    Pump(std::shared_ptr<Pair> ends, tcp::socket& source, tcp::socket& sink, TestProxyWay way,
         const bool& loses, std::uint64_t& lost, std::uint64_t& passed,
         boost::asio::io_context& context)
        : pair(std::move(ends)),
          from(source),
          to(sink),
          way(way),
          loses(loses),
          lost(lost),
          passed(passed),
          timer(context) {}

    void read() {
      if (way.is_stopped) return;
      std::size_t room = std::min(way.piece, bytes.size());
      if (way.cut_after) room = std::min<std::uint64_t>(room, *way.cut_after - count);
      if (room == 0) return cut();
      from.async_read_some(boost::asio::buffer(bytes, room),
                           [self = shared_from_this()](error_code error, std::size_t size) {
                             if (error) return self->end();
                             self->wait(size);
                           });
    }
    void wait(std::size_t size) {
      timer.expires_after(way.delay);
      timer.async_wait([self = shared_from_this(), size](error_code) { self->write(size); });
    }
    void write(std::size_t size) {
      if (loses) {
        lost += size;
        return read();
      }
      boost::asio::async_write(to, boost::asio::buffer(bytes, size),
                               [self = shared_from_this(), size](error_code error, std::size_t) {
                                 if (error) return self->pair->close();
                                 self->count += size;
                                 self->passed += size;
                                 self->read();
                               });
    }
    void cut() {
      if (way.closes_half) return end();
      pair->close();
    }
    void end() {
      error_code ignored;
      to.shutdown(tcp::socket::shutdown_send, ignored);
    }

    std::shared_ptr<Pair> pair;
    tcp::socket& from;
    tcp::socket& to;
    TestProxyWay way;
    const bool& loses;
    std::uint64_t& lost;
    std::uint64_t& passed;
    boost::asio::steady_timer timer;
    std::uint64_t count = 0;
    std::array<char, 64 * 1024> bytes;
  };

  static boost::asio::ip::address address() { return boost::asio::ip::address_v4::loopback(); }

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket client) {
      if (error) return;
      ++connections;
      auto pair = std::make_shared<Pair>(context_);
      pair->client = std::move(client);
      error_code refused;
      pair->server.connect({address(), target_}, refused);
      if (!refused) {
        pairs_.push_back(pair);
        pump(pair, pair->client, pair->server, to_server, loses_requests, bytes_to_server);
        pump(pair, pair->server, pair->client, to_client, loses_replies, bytes_to_client);
      }
      accept();
    });
  }

  void pump(const std::shared_ptr<Pair>& pair, tcp::socket& from, tcp::socket& to,
            const TestProxyWay& way, const bool& loses, std::uint64_t& passed) {
    std::make_shared<Pump>(pair, from, to, way, loses, bytes_lost, passed, context_)->read();
  }

  boost::asio::io_context& context_;
  tcp::acceptor acceptor_;
  const std::uint16_t target_;
  std::vector<std::weak_ptr<Pair>> pairs_;
};

}  // namespace payswitch::redis
