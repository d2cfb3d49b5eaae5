#include "tools/load/command.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <memory>

#include "http/client_pool.h"
#include "platform/linux/real.h"
#include "tools/load/machine.h"
#include "tools/load/open_loop.h"
#include "tools/load/report_file.h"

namespace payswitch::lab::load {
namespace {

// Long enough for every connection of a run to be there before the first payment is due.
constexpr auto warm_up = std::chrono::milliseconds(200);
constexpr auto progress_interval = std::chrono::seconds(1);
constexpr int fdatasync_count = 2'000;

struct Figures {
  std::uint64_t handed_in = 0;
  Tally tally;
  metrics::FineHistogram lateness;
  std::optional<double> cpu_us;  // of the process, a payment taken
  std::optional<metrics::FineHistogram> fdatasync;
  double load_average = 0;
};

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options),
        client_(http::make_pool(context_, *timers_, *clock_, *resolver_,
                                {.host = options.url.host,
                                 .port = options.url.port,
                                 .max_connections = options.connections})),
        outbox_(*client_, *timers_, *clock_, options.url.base_path + "/payments", options.timeout),
        open_loop_(outbox_, *timers_, *clock_, *random_, Pace(options.rate, options.duration)) {}

  Figures finish() {
    const auto before = cpu();
    outbox_.open(options_.connections);
    timers_->after(warm_up, [this] {
      open_loop_.start([this] { context_.stop(); });
      show_progress_later();
    });
    context_.run();
    const auto after = cpu();
    Figures figures{.handed_in = open_loop_.handed_in(),
                    .tally = open_loop_.tally(),
                    .lateness = open_loop_.lateness(),
                    .cpu_us = {},
                    .fdatasync = {},
                    .load_average = load_average()};
    if (before && after) figures.cpu_us = us_each(*after - *before, figures.tally.taken());
    return figures;
  }

 private:
  std::optional<platform::Duration> cpu() const {
    return options_.process ? cpu_time(*options_.process) : std::nullopt;
  }

  void show_progress_later() {
    timers_->after(progress_interval, [this] {
      const Tally recent = open_loop_.take_recent();
      fmt::print(stderr, "{:4} s  handed in {}, taken {}, failed {}, open {}; this second: {}\n",
                 ++seconds_, open_loop_.handed_in(), open_loop_.tally().taken(),
                 open_loop_.tally().failed(), outbox_.unanswered(), latency_text(recent.latency()));
      show_progress_later();
    });
  }

  const Options& options_;
  boost::asio::io_context context_{1};
  std::unique_ptr<platform::Clock> clock_ = platform::make_real_clock();
  std::unique_ptr<platform::Timers> timers_ = platform::make_real_timers(context_, *clock_);
  std::unique_ptr<platform::Random> random_ = platform::make_real_random();
  std::unique_ptr<platform::Resolver> resolver_ = platform::make_real_resolver(context_);
  std::unique_ptr<http::Client> client_;
  Outbox outbox_;
  OpenLoop open_loop_;
  int seconds_ = 0;
};

std::string to_text(const Figures& figures) {
  std::string text = fmt::format(
      "handed in {}, taken {}, failed: {}\nfrom when it was due: {}\nhanded in late:       {}\n",
      figures.handed_in, figures.tally.taken(), figures.tally.failures_text(),
      latency_text(figures.tally.latency()), latency_text(figures.lateness));
  if (figures.fdatasync) {
    text += fmt::format("fdatasync of 4 KiB:   {}\n", latency_text(*figures.fdatasync));
  }
  if (figures.cpu_us) text += fmt::format("CPU a payment:        {:.1f} us\n", *figures.cpu_us);
  return text + fmt::format("load average:         {:.2f}\n", figures.load_average);
}

std::string to_json(const Figures& figures, const Options& options) {
  std::string text = fmt::format(
      R"({{"rate":{},"duration_s":{:.3f},"connections":{},"handed_in":{},"taken":{},)"
      R"("failed":{},"failures":{},"latency_ms":{},"handed_in_late_ms":{},"load_average":{:.2f})",
      options.rate, std::chrono::duration<double>(options.duration).count(), options.connections,
      figures.handed_in, figures.tally.taken(), figures.tally.failed(),
      figures.tally.failures_json(), latency_json(figures.tally.latency()),
      latency_json(figures.lateness), figures.load_average);
  if (figures.fdatasync) {
    text += fmt::format(R"(,"fdatasync_ms":{})", latency_json(*figures.fdatasync));
  }
  if (figures.cpu_us) text += fmt::format(R"(,"cpu_us_per_payment":{:.2f})", *figures.cpu_us);
  return text + "}\n";
}

}  // namespace

std::expected<bool, std::string> run(const Options& options) {
  allow_many_files();
  Figures figures = Run(options).finish();
  if (!options.sync_directory.empty()) {
    auto latency = measure_fdatasync(options.sync_directory, fdatasync_count);
    if (!latency) return std::unexpected(latency.error());
    figures.fdatasync = *latency;
  }
  if (auto told = tell(to_text(figures), to_json(figures, options), options.json); !told) {
    return std::unexpected(told.error());
  }
  return figures.tally.failed() == 0;
}

}  // namespace payswitch::lab::load
