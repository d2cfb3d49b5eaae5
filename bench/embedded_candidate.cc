#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "bench/candidate.h"
#include "platform/linux/real.h"
#include "store/embedded/open.h"
#include "store/journal/segment_pool.h"

namespace payswitch::bench {

namespace {

// The engine as the switch runs it: on the real loop and the real disk, with its writer thread and
// the one that prepares segments.
class Embedded final : public Candidate {
 public:
  explicit Embedded(const Setup& setup) : turn_(setup.turn) {
    auto disk = platform::open_real_disk(setup.directory, context_, *loop_);
    if (!disk) give_up(disk.error());
    disk_ = *std::move(disk);
    const store::Options options{.durability = setup.durability, .processors = {{"default"}}};
    auto store = store::embedded::open(options, *disk_, *loop_, *timers_, *clock_, *random_, *log_,
                                       [](const std::string& line) { give_up(line); });
    if (!store) give_up(store.error());
    store_ = *std::move(store);
    run_until([this] { return store_->idle(); });
  }

  void pay(std::uint64_t end) override {
    end_ = end;
    take_turn();
    run_until([this] { return durable_ == end_ && is_at_rest(); });
  }

  void check(std::uint64_t end) override {
    if (settled() != end) give_up("embedded: payments are missing");
  }

 private:
  void take_turn() {
    for (; settled_ < accepted_; ++settled_) settle(payment_number(settled_));
    const auto last = std::min(accepted_ + turn_, end_);
    outstanding_ = last - accepted_;
    for (; accepted_ < last; ++accepted_) accept(payment_number(accepted_));
  }

  void accept(const Payment& payment) {
    store_->accept({.id = payment.id,
                    .amount = payment.amount,
                    .accepted_at = payment.accepted_at,
                    .intent = store::Intent{.processor = processor,
                                            .number = 1,
                                            .requested_at = payment.requested_at},
                    .admit_new = true},
                   [this](store::Verdict verdict) {
                     if (verdict != store::Verdict::accepted)
                       give_up("embedded: a payment was not accepted");
                     if (--outstanding_ == 0) loop_->post([this] { take_turn(); });
                   });
  }

  void settle(const Payment& payment) {
    store_->settle(payment.id,
                   {.processor = processor,
                    .number = 1,
                    .requested_at = payment.requested_at,
                    .amount = payment.amount,
                    .settled_at = payment.settled_at},
                   [this] { ++durable_; });
  }

  std::uint64_t settled() const {
    return store_->counters().by_state[static_cast<std::size_t>(payment::State::settled)];
  }

  // With its segments prepared, so that no run leaves that work to the next.
  bool is_at_rest() const {
    return store_->idle() &&
           store_->counters().prepared_segments == store::journal::reserve_segments + 1;
  }

  template <class Condition>
  void run_until(Condition condition) {
    while (!condition()) context_.run_one();
  }

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::unique_ptr<platform::Log> log_ =
      platform::make_real_log(platform::LogFormat::text, platform::Level::warn);
  std::unique_ptr<platform::Clock> clock_ = platform::make_real_clock();
  std::unique_ptr<platform::Random> random_ = platform::make_real_random();
  std::unique_ptr<platform::Loop> loop_ = platform::make_real_loop(context_);
  std::unique_ptr<platform::Timers> timers_ = platform::make_real_timers(context_, *clock_);
  std::unique_ptr<platform::Disk> disk_;
  std::unique_ptr<store::Store> store_;
  const std::uint64_t turn_;
  std::uint64_t end_ = 0;
  std::uint64_t accepted_ = 0;     // so many, and those of them
  std::uint64_t settled_ = 0;      // that were told to settle
  std::uint64_t durable_ = 0;      // that are settled for good
  std::uint64_t outstanding_ = 0;  // acceptances of this turn that are not durable yet
};

}  // namespace

std::unique_ptr<Candidate> open_embedded(const Setup& setup) {
  return std::make_unique<Embedded>(setup);
}

}  // namespace payswitch::bench
