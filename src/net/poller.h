#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <span>
#include <vector>

#include "net/transfers.h"

namespace payswitch::http {

class Socket;

// Tells the sockets of one loop when there is something to do. A socket is registered once for its
// life, edge-triggered (epoll(7)), and remembers what it was told; so waiting costs no system call.
// Asio's own reactor asks the kernel once more before each wait (decision 12).
//
// What is ready is read together, before the owners are called, and what they have to say is
// written together, at the end of the turn (decision 14).
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

  // One system call for each read and write from now on.
  void give_up_io_uring() { transfers_.give_up_io_uring(); }

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
  // At the end of the turn its owner is asked for what is to be written.
  void enqueue_write(Socket& socket);

  void await();
  // True: perhaps there is more.
  bool look();
  void call_ready();
  void read_ahead();
  void write_all();
  void call_ready_soon();
  void shutdown() override;

  boost::asio::io_context& context_;
  boost::asio::posix::stream_descriptor epoll_;
  std::vector<Socket*> ready_;    // nullptr: closed meanwhile
  std::vector<Socket*> calling_;  // these keep their memory between turns
  std::vector<Socket*> to_write_;
  std::vector<Socket*> writing_;
  Transfers transfers_;
  std::vector<std::pair<Socket*, std::span<char>>> rooms_;
  bool call_posted_ = false;
  bool write_posted_ = false;
  bool looked_again_ = false;
};

}  // namespace payswitch::http
