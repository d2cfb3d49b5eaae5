#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <utility>

#include "platform/linux/real.h"
#include "platform/timer_queue.h"

namespace payswitch::platform {
namespace {

class RealLoop final : public Loop {
 public:
  explicit RealLoop(boost::asio::io_context& context) : context_(context) {}

  void post(Callback callback) override {
    assert(callback);
    boost::asio::post(context_, [callback = std::move(callback)]() mutable { callback(); });
  }

 private:
  boost::asio::io_context& context_;
};

// The queue knows the deadlines; one timer of the machine is armed for the earliest. A cancelled
// deadline is not disarmed: the alarm finds nothing due and is set for the next one.
class Alarm final : public std::enable_shared_from_this<Alarm> {
 public:
  Alarm(boost::asio::io_context& context, const Clock& clock) : timer_(context), clock_(clock) {}

  TimerId after(Duration delay, Callback callback) {
    const Instant now = clock_.now();
    // A delay that no clock reaches is one that never ends.
    delay = std::clamp(delay, Duration::zero(), Instant::max() - now);
    const TimerId timer = queue_.add(now + delay, std::move(callback));
    if (!ringing_) arm(now);
    return timer;
  }

  void cancel(TimerId timer) { queue_.cancel(timer); }

  // No callback runs after it.
  void silence() {
    silent_ = true;
    timer_.cancel();
  }

 private:
  void arm(Instant now) {
    const auto earliest = queue_.earliest();
    if (!earliest || (armed_ && *armed_ <= *earliest)) return;
    armed_ = earliest;
    timer_.expires_after(*earliest - now);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      if (error) return;
      if (const auto alarm = weak.lock()) alarm->ring();
    });
  }

  // Timers that a callback sets wait for the next turn, so that sockets get theirs.
  void ring() {
    const Instant now = clock_.now();
    armed_.reset();
    ringing_ = true;
    while (!silent_) {
      auto callback = queue_.pop_due(now);
      if (!callback) break;
      (*callback)();
    }
    ringing_ = false;
    if (!silent_) arm(clock_.now());
  }

  boost::asio::steady_timer timer_;
  const Clock& clock_;
  TimerQueue queue_;
  std::optional<Instant> armed_;
  bool ringing_ = false;
  bool silent_ = false;
};

class RealTimers final : public Timers {
 public:
  RealTimers(boost::asio::io_context& context, const Clock& clock)
      : alarm_(std::make_shared<Alarm>(context, clock)) {}
  ~RealTimers() override { alarm_->silence(); }

  TimerId after(Duration delay, Callback callback) override {
    return alarm_->after(delay, std::move(callback));
  }
  void cancel(TimerId timer) override { alarm_->cancel(timer); }

 private:
  std::shared_ptr<Alarm> alarm_;
};

}  // namespace

std::unique_ptr<Loop> make_real_loop(boost::asio::io_context& context) {
  return std::make_unique<RealLoop>(context);
}

std::unique_ptr<Timers> make_real_timers(boost::asio::io_context& context, const Clock& clock) {
  return std::make_unique<RealTimers>(context, clock);
}

}  // namespace payswitch::platform
