// What the past costs the store: look-ups and sums among ten million payments beside those among
// ten thousand. It also makes the data directories that script/bench asks over HTTP.
#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "bench/candidate.h"
#include "bench/hasty_disk.h"
#include "platform/linux/real.h"
#include "store/embedded/open.h"

namespace payswitch::bench {

void give_up(const std::string& line) {
  fmt::print(stderr, "sealed_bench: {}\n", line);
  std::_Exit(EXIT_FAILURE);
}

namespace {

using Steady = std::chrono::steady_clock;
using Path = std::filesystem::path;

constexpr std::uint64_t few = 10'000;

double seconds_since(Steady::time_point begin) {
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

std::uint64_t resident_bytes() {
  ::malloc_trim(0);
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * 4096;
}

enum class Flush : std::uint8_t { no, yes };

// A store on the real loop and the real disk.
class Past {
 public:
  // With haste: sealing leaves no time to others.
  explicit Past(const Path& directory, Flush haste = Flush::no) {
    auto disk = platform::open_real_disk(directory, context_, *loop_);
    if (!disk) give_up(disk.error());
    disk_ = *std::move(disk);
    // Small segments, so that what is not sealed yet weighs little in the figures.
    const store::Options options{
        .segment_bytes = 4ull << 20, .max_batch_bytes = 1ull << 20, .processors = {{"default"}}};
    if (haste == Flush::yes) disk_ = std::make_unique<HastyDisk>(std::move(disk_));
    auto store = store::embedded::open(options, *disk_, *loop_, *timers_, *clock_, *random_, *log_,
                                       [](const std::string& line) { give_up(line); });
    if (!store) give_up(store.error());
    store_ = *std::move(store);
  }

  // Accepts the payments [from, to), and settles them when `settles`.
  void pay(std::uint64_t from, std::uint64_t to, bool settles) {
    constexpr std::uint64_t turn = 1'000;
    while (from < to) {
      const auto end = std::min(from + turn, to);
      std::uint64_t outstanding = end - from;
      for (; from < end; ++from) accept(from, settles, outstanding);
      while (outstanding > 0) context_.run_one();
    }
    while (!store_->idle()) context_.run_one();
  }

  // Until no more segments than that are not sealed, and no files are being merged.
  void wait_until_sealed(std::uint64_t unsealed) {
    while (store_->counters().segments > unsealed) context_.run_one();
  }

  double find(std::uint64_t number, bool is_known) {
    bool answered = false;
    const auto id = payment_number(number).id;
    const auto begin = Steady::now();
    store_->find(id, [&](const store::Store::Found& found) {
      if (!found || found->has_value() != is_known) give_up("a look-up is wrong");
      answered = true;
    });
    while (!answered) context_.run_one();
    return seconds_since(begin) * 1e6;
  }

  double sum(const books::Window& window) {
    bool answered = false;
    const auto begin = Steady::now();
    store_->summary(window, [&](const auto& summary) {
      if (!summary) give_up("a sum was not told");
      answered = true;
    });
    while (!answered) context_.run_one();
    return seconds_since(begin) * 1e6;
  }

  const store::Counters& counters() const { return store_->counters(); }

 private:
  void accept(std::uint64_t number, bool settles, std::uint64_t& outstanding) {
    const Payment payment = payment_number(number);
    const store::Intent intent{
        .processor = processor, .number = 1, .requested_at = payment.requested_at};
    store_->accept({.id = payment.id,
                    .amount = payment.amount,
                    .accepted_at = payment.accepted_at,
                    .intent = intent,
                    .admit_new = true},
                   [this, &outstanding, payment, intent, settles](store::Verdict verdict) {
                     if (verdict != store::Verdict::accepted) give_up("not accepted");
                     if (settles) settle(payment, intent);
                     --outstanding;
                   });
  }

  void settle(const Payment& payment, const store::Intent& intent) {
    store_->settle(payment.id,
                   {.processor = processor,
                    .number = 1,
                    .requested_at = intent.requested_at,
                    .amount = payment.amount,
                    .settled_at = payment.settled_at},
                   [] {});
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
};

// -- preparing ------------------------------------------------------------------------------------

// Sealed files never change, so both directories may have the same ones.
void duplicate(const Path& from, const Path& to) {
  std::filesystem::create_directory(to);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const auto name = entry.path().filename();
    if (name.string().starts_with("sealed-")) {
      std::filesystem::create_hard_link(entry.path(), to / name);
    } else {
      std::filesystem::copy_file(entry.path(), to / name);
    }
  }
}

// Sealing keeps up, so that the store is never larger than it would be in slower time.
void pay_and_seal(Past& past, std::uint64_t from, std::uint64_t to) {
  constexpr std::uint64_t step = 500'000;
  for (; from < to; from += step) {
    past.pay(from, std::min(from + step, to), true);
    past.wait_until_sealed(1);
  }
}

// few, tenth, all: so many payments, settled. open: all, and so many more that are not settled.
void prepare(const Path& directory, std::uint64_t payments, std::uint64_t open) {
  const auto begin = Steady::now();
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  const Path all = directory / "all";
  Past(all, Flush::yes).pay(0, few, true);
  duplicate(all, directory / "few");
  {
    Past past(all, Flush::yes);
    pay_and_seal(past, few, payments / 10);
  }
  duplicate(all, directory / "tenth");
  {
    Past past(all, Flush::yes);
    const auto before = resident_bytes();
    const auto sealed = past.counters().sealed_payments;
    pay_and_seal(past, payments / 10, payments);
    const auto grown = static_cast<double>(resident_bytes()) - static_cast<double>(before);
    const auto more = static_cast<double>(past.counters().sealed_payments - sealed);
    std::ofstream(directory / "prepared.json")
        << fmt::format(R"({{"payments":{},"open":{},"resident_bytes_a_payment":{:.3f}}})"
                       "\n",
                       payments, open, grown / more);
  }
  duplicate(all, directory / "open");
  Past(directory / "open", Flush::yes).pay(payments, payments + open, false);
  fmt::print("prepared {} payments in {:.0f} s\n", payments, seconds_since(begin));
}

// -- measuring ------------------------------------------------------------------------------------

std::string figures(const char* what, std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double part) {
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
  };
  return fmt::format(R"("{}":{{"median_us":{:.3f},"p99_us":{:.3f},"longest_us":{:.3f}}})", what,
                     at(0.5), at(0.99), values.back());
}

// All of it comes into the page cache.
void read_files(const Path& directory) {
  std::vector<char> buffer(1 << 20);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::ifstream file(entry.path(), std::ios::binary);
    while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()))) {
    }
  }
}

constexpr int questions = 100'000;

std::vector<double> ask_for_sums(Past& past, std::uint64_t payments) {
  std::mt19937_64 random(1);
  std::vector<double> taken;
  for (int i = 0; i < questions; ++i) {
    auto from = payment_number(random() % payments).requested_at;
    auto to = payment_number(random() % payments).requested_at;
    if (to < from) std::swap(from, to);
    taken.push_back(past.sum({from, to}));
  }
  return taken;
}

std::vector<double> ask_for_payments(Past& past, std::uint64_t first, std::uint64_t payments,
                                     bool is_known) {
  std::mt19937_64 random(2);
  std::vector<double> taken;
  for (int i = 0; i < questions; ++i) {
    taken.push_back(past.find(first + random() % payments, is_known));
  }
  return taken;
}

void measure(const Path& directory, std::uint64_t payments) {
  std::string json = "{";
  {
    Past past(directory / "few");
    json += figures("sum_few", ask_for_sums(past, few));
  }
  read_files(directory / "all");
  Past past(directory / "all");
  json += "," + figures("sum_all", ask_for_sums(past, payments));
  json += "," + figures("known", ask_for_payments(past, 0, payments, true));
  json += "," + figures("unknown", ask_for_payments(past, payments, payments, false));
  fmt::print(R"({},"sealed_files":{},"waited_for_the_disk":{}}})"
             "\n",
             json, past.counters().sealed_files, past.counters().page_reads);
}

}  // namespace
}  // namespace payswitch::bench

int main(int argc, char** argv) {
  CLI::App app("What the past costs the store");
  std::string directory;
  std::uint64_t payments = 10'000'000;
  std::uint64_t open = 100'000;
  app.add_option("--payments", payments, "How many are settled")
      ->check(CLI::Range(100'000, 1'000'000'000))
      ->capture_default_str();
  app.add_option("--open", open, "How many more are not")->capture_default_str();
  auto* prepare = app.add_option("--prepare", directory, "Makes the directory anew, minutes long");
  auto* measure = app.add_option("--measure", directory, "Asks what was prepared there");
  prepare->excludes(measure);
  app.require_option(1, 3);
  CLI11_PARSE(app, argc, argv);
  if (*prepare) payswitch::bench::prepare(directory, payments, open);
  if (*measure) payswitch::bench::measure(directory, payments);
  return 0;
}
