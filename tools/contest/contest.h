#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <expected>
#include <string>

#include "platform/linux/real.h"
#include "text/url.h"
#include "tools/contest/payers.h"
#include "tools/contest/report.h"

namespace payswitch::lab::contest {

struct Contestants {
  text::HttpUrl payswitch;
  Pair<text::HttpUrl> processors;
  std::string token;             // of the processors' /admin/
  std::optional<pid_t> process;  // of the switch, whose CPU time to tell
};

// One run against real servers: empties the processors' books, sets their stages, pays, checks, and
// compares. One thread.
class Contest {
 public:
  Contest(Contestants contestants, Schedule schedule);

  // An error is one line for a person: a program did not answer before the run or at its end.
  std::expected<Report, std::string> run();

 private:
  template <class T>
  using Result = boost::asio::awaitable<std::expected<T, std::string>>;

  Result<Report> conduct();
  Result<void> prepare();
  Result<Report> finish();

  boost::asio::awaitable<void> until(platform::Duration elapsed);
  boost::asio::awaitable<void> wait_for_payers();

  Result<void> set_stages();
  Result<void> set(std::size_t processor, Setting setting);
  Result<void> tell_processor(std::size_t processor, http::Method method, std::string target,
                              std::string body);

  boost::asio::awaitable<void> make_checks();
  Result<Check> check(Window window);
  Result<payment::Total> ask_processor(std::size_t processor, std::string query);
  Result<std::vector<BookLine>> ask_books(std::size_t processor);
  // Since the beginning of the run.
  Result<HealthCalls> ask_health_calls(std::size_t processor);

  void show_progress_later();
  platform::Duration elapsed() const { return clock_->now() - start_; }

  const Contestants contestants_;
  const Schedule schedule_;
  boost::asio::io_context context_{1};
  std::unique_ptr<platform::Clock> clock_ = platform::make_real_clock();
  std::unique_ptr<platform::Timers> timers_ = platform::make_real_timers(context_, *clock_);
  std::unique_ptr<platform::Random> random_ = platform::make_real_random();
  std::unique_ptr<platform::Resolver> resolver_ = platform::make_real_resolver(context_);
  Payers payers_;
  platform::Instant start_;
  std::vector<payment::UtcMs> began_;
  std::vector<Check> checks_;
  std::uint64_t failed_checks_ = 0;
  Pair<HealthCalls> health_calls_before_{};
};

}  // namespace payswitch::lab::contest
