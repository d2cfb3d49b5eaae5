#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <vector>

namespace payswitch::http {

class Socket;

// Tells the sockets of one loop when there is something to do. A socket is registered once for its
// life, edge-triggered (epoll(7)), and remembers what it was told; so waiting costs no system call.
// Asio's own reactor asks the kernel once more before each wait (decision 12).
//
// All sockets of an io_context share one: it is a service of the context and lives as long. Loop
// thread only.
class Poller final : public boost::asio::io_context::service {
 public:
  static inline boost::asio::io_context::id id;

  static Poller& of(boost::asio::io_context& context) {
    return boost::asio::use_service<Poller>(context);
  }

  // Throws boost::system::system_error when the process has no descriptor left.
  explicit Poller(boost::asio::io_context& context);
  ~Poller() override;

  // Once a turn of the loop, however often it is called: lets the sockets know what has come since
  // the turn began. Owners hear of it later, from the loop.
  void look_again();

 private:
  friend class Socket;

  // Then Asio has its turn.
  static constexpr int max_events = 256;

  // False: the kernel does not take it.
  bool add(int descriptor, Socket& socket);
  // Nothing is said of it any more.
  void forget(Socket& socket);
  // In the next turn the owner is called, as if the kernel had said so.
  void enqueue(Socket& socket);

  void await();
  // True: perhaps there is more.
  bool look();
  void call_ready();
  void call_ready_soon();
  void shutdown() override;

  boost::asio::io_context& context_;
  boost::asio::posix::stream_descriptor epoll_;
  std::vector<Socket*> ready_;    // nullptr: closed meanwhile
  std::vector<Socket*> calling_;  // keeps its memory between turns
  bool call_posted_ = false;
  bool looked_again_ = false;
};

}  // namespace payswitch::http
