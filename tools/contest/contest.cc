#include "tools/contest/contest.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <exception>

#include "http/client_pool.h"
#include "tools/contest/call.h"
#include "tools/load/machine.h"
#include "tools/load/payment.h"

namespace payswitch::lab::contest {
namespace {

namespace asio = boost::asio;
using namespace boost::asio::experimental::awaitable_operators;

constexpr auto progress_interval = std::chrono::seconds(1);
constexpr auto look_again = std::chrono::milliseconds(10);

}  // namespace

Contest::Contest(Contestants contestants, Schedule schedule)
    : contestants_(std::move(contestants)),
      schedule_(std::move(schedule)),
      payers_(
          schedule_,
          [this] {
            return http::make_pool(context_, *timers_, *clock_, *resolver_,
                                   {.host = contestants_.payswitch.host,
                                    .port = contestants_.payswitch.port,
                                    .max_connections = 1});
          },
          contestants_.payswitch.base_path + "/payments", *timers_, *clock_, *random_) {}

std::expected<Report, std::string> Contest::run() {
  std::expected<Report, std::string> report;
  std::exception_ptr failed;
  asio::co_spawn(context_, conduct(), [&](std::exception_ptr error, auto result) {
    failed = error;
    report = std::move(result);
    context_.stop();
  });
  context_.run();
  if (failed) std::rethrow_exception(failed);
  return report;
}

Contest::Result<Report> Contest::conduct() {
  if (auto ready = co_await prepare(); !ready) co_return std::unexpected(ready.error());
  const auto cpu = [this] {
    return contestants_.process ? load::cpu_time(*contestants_.process) : std::nullopt;
  };
  const auto cpu_before = cpu();
  start_ = clock_->now();
  began_.push_back(clock_->wall());
  payers_.start();
  show_progress_later();
  const auto staged = co_await (set_stages() && make_checks() && wait_for_payers());
  if (!staged) co_return std::unexpected(staged.error());
  auto report = co_await finish();
  const auto cpu_after = cpu();
  if (report && cpu_before && cpu_after) {
    report->cpu_us = load::us_each(*cpu_after - *cpu_before, report->posts.taken());
  }
  co_return report;
}

Contest::Result<void> Contest::prepare() {
  for (const std::size_t processor : {cheap, dear}) {
    if (auto done = co_await set(processor, {}); !done) co_return done;
    auto purged =
        co_await tell_processor(processor, http::Method::post, "/admin/purge-payments", "");
    if (!purged) co_return purged;
    const auto before = co_await ask_health_calls(processor);
    if (!before) co_return std::unexpected(before.error());
    health_calls_before_[processor] = *before;
  }
  const auto first = co_await check(window_at(schedule_, clock_->wall()));
  if (!first) co_return std::unexpected(first.error());
  co_return std::expected<void, std::string>();
}

Contest::Result<Report> Contest::finish() {
  const auto last = co_await check(last_window_at(schedule_, clock_->wall()));
  if (!last) co_return std::unexpected(last.error());
  Pair<std::vector<BookLine>> books;
  Pair<HealthCalls> health_calls;
  for (const std::size_t processor : {cheap, dear}) {
    auto lines = co_await ask_books(processor);
    if (!lines) co_return std::unexpected(lines.error());
    books[processor] = std::move(*lines);
    const auto calls = co_await ask_health_calls(processor);
    if (!calls) co_return std::unexpected(calls.error());
    health_calls[processor] = *calls;
  }
  co_return Report{.schedule = schedule_,
                   .posts = payers_.tally(),
                   .stages = figures_by_stage(payers_.by_stage(), began_, books),
                   .checks = checks_,
                   .failed_checks = failed_checks_,
                   .last_check = *last,
                   .findings = compare(payers_.payments(), load::usual_amount(), books),
                   .health_calls = health_calls,
                   .cpu_us = {},
                   .load_average = load::load_average()};
}

// -- time ----------------------------------------------------------------------------------------

asio::awaitable<void> Contest::until(platform::Duration moment) {
  asio::steady_timer timer(context_, moment - elapsed());
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> Contest::wait_for_payers() {
  while (!payers_.over()) co_await until(elapsed() + look_again);
}

void Contest::show_progress_later() {
  timers_->after(progress_interval, [this] {
    const Stage& stage = schedule_.stages[stage_at(schedule_, elapsed())];
    const load::Tally recent = payers_.take_recent();
    fmt::print(stderr,
               "{:5.1f} s  default {}; fallback {}: {} clients, {} taken, {} failed; this second: "
               "p99 {} ms\n",
               std::chrono::duration<double>(elapsed()).count(), to_string(stage.settings[cheap]),
               to_string(stage.settings[dear]), payers_.clients(), payers_.tally().taken(),
               payers_.tally().failed(), load::in_ms(recent.latency().quantile(0.99)));
    show_progress_later();
  });
}

// -- the processors' stages ----------------------------------------------------------------------

Contest::Result<void> Contest::set_stages() {
  for (std::size_t number = 0; number < schedule_.stages.size(); ++number) {
    const Stage& stage = schedule_.stages[number];
    co_await until(stage.starts);
    const auto [first, second] =
        co_await (set(cheap, stage.settings[cheap]) && set(dear, stage.settings[dear]));
    if (!first) co_return first;
    if (!second) co_return second;
    if (number > 0) began_.push_back(clock_->wall());
  }
  co_return std::expected<void, std::string>();
}

Contest::Result<void> Contest::set(std::size_t processor, Setting setting) {
  auto done = co_await tell_processor(processor, http::Method::put, "/admin/configurations/delay",
                                      fmt::format(R"({{"delay":{}}})", setting.delay.count()));
  if (!done) co_return done;
  co_return co_await tell_processor(processor, http::Method::put, "/admin/configurations/failure",
                                    fmt::format(R"({{"failure":{}}})", setting.failing));
}

Contest::Result<void> Contest::tell_processor(std::size_t processor, http::Method method,
                                              std::string target, std::string body) {
  const auto answer =
      co_await make_call(contestants_.processors[processor], {.method = method,
                                                              .target = std::move(target),
                                                              .token = contestants_.token,
                                                              .body = std::move(body)});
  if (!answer) co_return std::unexpected(answer.error());
  co_return std::expected<void, std::string>();
}

// -- what everybody says -------------------------------------------------------------------------

asio::awaitable<void> Contest::make_checks() {
  for (const platform::Duration moment : schedule_.checks) {
    co_await until(moment);
    const auto made = co_await check(window_at(schedule_, clock_->wall()));
    if (made) {
      checks_.push_back(*made);
    } else {
      ++failed_checks_;
      fmt::print(stderr, "check: {}\n", made.error());
    }
  }
}

Contest::Result<Check> Contest::check(Window window) {
  const std::string query = to_query(window);
  const platform::Duration at = elapsed();
  const auto [summary, at_cheap, at_dear] =
      co_await (make_call(contestants_.payswitch, {.method = http::Method::get,
                                                   .target = "/payments-summary" + query,
                                                   .token = {},
                                                   .body = {}}) &&
                ask_processor(cheap, query) && ask_processor(dear, query));
  if (!summary) co_return std::unexpected(summary.error());
  const auto ours = read_summary(*summary);
  if (!ours) co_return std::unexpected(ours.error());
  if (!at_cheap) co_return std::unexpected(at_cheap.error());
  if (!at_dear) co_return std::unexpected(at_dear.error());
  co_return Check{.at = at, .window = window, .ours = *ours, .theirs = {*at_cheap, *at_dear}};
}

Contest::Result<payment::Total> Contest::ask_processor(std::size_t processor, std::string query) {
  const auto answer = co_await make_call(contestants_.processors[processor],
                                         {.method = http::Method::get,
                                          .target = "/admin/payments-summary" + query,
                                          .token = contestants_.token,
                                          .body = {}});
  if (!answer) co_return std::unexpected(answer.error());
  co_return read_total(*answer);
}

Contest::Result<std::vector<BookLine>> Contest::ask_books(std::size_t processor) {
  const auto answer = co_await make_call(
      contestants_.processors[processor],
      {.method = http::Method::get, .target = "/lab/books", .token = {}, .body = {}});
  if (!answer) co_return std::unexpected(answer.error());
  co_return read_books(*answer);
}

Contest::Result<HealthCalls> Contest::ask_health_calls(std::size_t processor) {
  const auto answer = co_await make_call(
      contestants_.processors[processor],
      {.method = http::Method::get, .target = "/lab/counters", .token = {}, .body = {}});
  if (!answer) co_return std::unexpected(answer.error());
  auto calls = read_health_calls(*answer);
  if (!calls) co_return calls;
  calls->all -= health_calls_before_[processor].all;
  calls->too_early -= health_calls_before_[processor].too_early;
  co_return calls;
}

}  // namespace payswitch::lab::contest
