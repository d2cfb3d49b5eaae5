#include "app/signals.h"

#include <csignal>
#include <utility>

namespace payswitch::app {

using boost::system::error_code;

void ignore_signals() {
  for (const int number : {SIGPIPE, SIGUSR1, SIGUSR2}) std::signal(number, SIG_IGN);
}

Signals::Signals(boost::asio::io_context& context)
    : hang_up_(context, SIGHUP), stop_(context, SIGTERM, SIGINT) {}

void Signals::listen(Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  await_hang_up();
  await_stop();
}

void Signals::await_hang_up() {
  hang_up_.async_wait([this](const error_code& error, int) {
    if (error) return;
    callbacks_.reload();
    await_hang_up();
  });
}

void Signals::await_stop() {
  stop_.async_wait([this](const error_code& error, int) {
    if (error) return;
    await_second_stop();
    callbacks_.stop();
  });
}

void Signals::await_second_stop() {
  stop_.async_wait([this](const error_code& error, int) {
    if (!error) callbacks_.end_now();
  });
}

}  // namespace payswitch::app
