#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

namespace payswitch::platform {

// For tests with real sockets: the loop, run until something is so. A test that waits in vain fails
// after ten seconds.
class TestLoop {
 public:
  boost::asio::io_context& context() { return context_; }

  template <class Condition>
  [[nodiscard]] bool until(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      context_.run_one_for(std::chrono::milliseconds{1});
    }
    return true;
  }

  // Runs what is ready, and what that makes ready.
  void settle() {
    while (context_.poll() > 0) {
    }
  }

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
};

}  // namespace payswitch::platform
