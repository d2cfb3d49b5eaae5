#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "net/pollable.h"
#include "net/transfers.h"

namespace payswitch::net {

// Waits for the descriptors of one loop, and reads and writes for them, many by one system call.
// A descriptor is registered once for its life, edge-triggered (epoll(7)), and its readiness is
// remembered, so waiting costs no system call. Asio's own reactor asks the kernel once more before
// each wait (decision 12).
//
// All pollables of an io_context share one: it is a service of the context and lives as long. Loop
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

  // Asks the kernel at once what has come since the turn of the loop began; once a turn, however
  // often it is called. Turns are still taken later, from the loop.
  void look_again();

  // One system call for each read and write from now on.
  void give_up_io_uring() { transfers_.give_up_io_uring(); }

  // -- for pollables

  // 0; or errno, when the kernel does not take the descriptor.
  int add(int descriptor, Pollable& pollable);
  // It takes no turn and is not written for any more. The descriptor stays open.
  void remove(Pollable& pollable);
  // It takes a turn in the next turn of the loop.
  void enqueue(Pollable& pollable);
  // At the end of this turn of the loop, or when the kernel has room again, as much of its unsent()
  // is written as the kernel takes.
  void write_soon(Pollable& pollable);
  // A read outside of the Poller's own found nothing.
  void note_blocked_read(Pollable& pollable) { pollable.readable_ = false; }

 private:
  // Then Asio has its turn.
  static constexpr int max_events = 256;

  struct Room {
    Pollable* pollable;
    std::span<char> bytes;
  };

  void await();
  // True: there may be more events.
  bool look();
  void note(Pollable& pollable, std::uint32_t events);
  void push_turn(Pollable& pollable);
  void take_turns();
  void take_turns_soon();
  void read_all();
  void note_read(Pollable& pollable, int result, std::size_t room);
  void enqueue_write(Pollable& pollable);
  void write_all();
  void note_write(Pollable& pollable, int result);
  void shutdown() override;

  boost::asio::io_context& context_;
  boost::asio::posix::stream_descriptor epoll_;
  // The two of a pair are swapped once a turn and keep their memory. nullptr: removed since.
  std::vector<Pollable*> next_turns_;
  std::vector<Pollable*> turns_;
  std::vector<Pollable*> next_writes_;
  std::vector<Pollable*> writes_;
  std::vector<Room> rooms_;
  Transfers transfers_;
  bool turns_posted_ = false;
  bool writes_posted_ = false;
  bool looked_again_ = false;
};

}  // namespace payswitch::net
