#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>

namespace payswitch::app {

// SIGUSR1, SIGUSR2 and SIGPIPE do nothing to the process from here on: a pipe or socket without a
// reader is an error of its write.
void ignore_signals();

// The signals that mean something to the switch. Callbacks come from the loop.
class Signals {
 public:
  struct Callbacks {
    std::function<void()> reload;   // SIGHUP, each time
    std::function<void()> stop;     // the first SIGTERM or SIGINT
    std::function<void()> end_now;  // the second one
  };

  // Throws boost::system::system_error when there is no descriptor for it.
  explicit Signals(boost::asio::io_context& context);

  void listen(Callbacks callbacks);

 private:
  void await_hang_up();
  void await_stop();
  void await_second_stop();

  boost::asio::signal_set hang_up_;
  boost::asio::signal_set stop_;
  Callbacks callbacks_;
};

}  // namespace payswitch::app
