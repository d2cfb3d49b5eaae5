// What the past costs: memory and disk a settled payment, how soon a store of ten million is ready,
// a look-up and a sum in it. bench/results/ holds what came out.
#include <fmt/format.h>
#include <fmt/ranges.h>
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
#include "store/embedded/engine.h"
#include "world/real.h"

namespace payswitch::bench {

void give_up(const std::string& line) {
  fmt::print(stderr, "sealed_bench: {}\n", line);
  std::_Exit(EXIT_FAILURE);
}

namespace {

using Steady = std::chrono::steady_clock;

double microseconds_since(Steady::time_point begin) {
  return std::chrono::duration<double, std::micro>(Steady::now() - begin).count();
}

std::uint64_t resident_bytes() {
  ::malloc_trim(0);
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * 4096;
}

// A store on the real loop and the real disk.
class Past {
 public:
  explicit Past(const std::string& directory) {
    auto disk = world::open_real_disk(directory, context_, *loop_);
    if (!disk) give_up(disk.error());
    disk_ = *std::move(disk);
    // Small segments, so that what is not sealed yet weighs little in the figures.
    const store::Options options{
        .segment_bytes = 4ull << 20, .max_group_bytes = 1ull << 20, .processors = {"default"}};
    auto store = store::embedded::open(options, *disk_, *loop_, *timers_, *clock_, *log_,
                                       [](const std::string& line) { give_up(line); });
    if (!store) give_up(store.error());
    store_ = *std::move(store);
  }

  // Accepts the payments [from, to), and settles them when `settles`.
  void pay(std::uint64_t from, std::uint64_t to, bool settles) {
    constexpr std::uint64_t turn = 1'000;
    for (; from < to; from += turn) {
      std::uint64_t outstanding = turn;
      for (auto number = from; number < from + turn; ++number) {
        const Payment payment = payment_number(number);
        const store::Intent intent{
            .processor = 0, .number = 1, .requested_at = payment.requested_at};
        store_->accept({.id = payment.id,
                        .amount = payment.amount,
                        .accepted_at = payment.accepted_at,
                        .intent = intent,
                        .admit_new = true},
                       [&, payment, intent](store::Verdict verdict) {
                         if (verdict != store::Verdict::accepted) give_up("not accepted");
                         if (settles) settle(payment, intent);
                         --outstanding;
                       });
      }
      while (outstanding > 0) context_.run_one();
    }
    while (!store_->idle()) context_.run_one();
  }

  // Until no more segments than that are not sealed.
  void wait_until_sealed(std::uint64_t unsealed) {
    while (store_->counters().segments > unsealed) context_.run_one();
  }

  double find(std::uint64_t number, bool is_known) {
    bool answered = false;
    const auto id = payment_number(number).id;
    const auto begin = Steady::now();
    store_->find(id, [&](const std::optional<store::PaymentView>& view) {
      if (view.has_value() != is_known) give_up("a look-up is wrong");
      answered = true;
    });
    while (!answered) context_.run_one();
    return microseconds_since(begin);
  }

  double sum(const books::Window& window) {
    bool answered = false;
    const auto begin = Steady::now();
    store_->summary(window, [&](const store::Summary&) { answered = true; });
    while (!answered) context_.run_one();
    return microseconds_since(begin);
  }

  const store::Counters& counters() const { return store_->counters(); }

 private:
  void settle(const Payment& payment, const store::Intent& intent) {
    store_->settle(payment.id,
                   {.processor = 0,
                    .number = 1,
                    .requested_at = intent.requested_at,
                    .amount = payment.amount,
                    .settled_at = payment.settled_at},
                   [] {});
  }

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::unique_ptr<world::Log> log_ =
      world::make_real_log(world::LogFormat::text, world::Level::warn);
  std::unique_ptr<world::Clock> clock_ = world::make_real_clock();
  std::unique_ptr<world::Loop> loop_ = world::make_real_loop(context_);
  std::unique_ptr<world::Timers> timers_ = world::make_real_timers(context_, *clock_);
  std::unique_ptr<world::Disk> disk_;
  std::unique_ptr<store::Store> store_;
};

void show(const char* what, std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double part) {
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
  };
  fmt::print("| {} | {:.2f} | {:.2f} | {:.2f} |\n", what, at(0.5), at(0.99), values.back());
}

// All of it comes into the page cache.
void read_files(const std::string& directory) {
  std::vector<char> buffer(1 << 20);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::ifstream file(entry.path(), std::ios::binary);
    while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()))) {
    }
  }
}

constexpr int questions = 20'000;

void ask_for_sums(const char* what, Past& past, std::uint64_t payments) {
  std::mt19937_64 chance(1);
  std::vector<double> taken;
  for (int i = 0; i < questions; ++i) {
    auto from = payment_number(chance() % payments).requested_at;
    auto to = payment_number(chance() % payments).requested_at;
    if (to < from) std::swap(from, to);
    taken.push_back(past.sum({from, to}));
  }
  show(what, taken);
}

void ask_for_payments(const char* what, Past& past, std::uint64_t first, std::uint64_t payments,
                      bool is_known) {
  std::mt19937_64 chance(2);
  std::vector<double> taken;
  for (int i = 0; i < questions; ++i) {
    taken.push_back(past.find(first + chance() % payments, is_known));
  }
  show(what, taken);
}

void run(const std::string& directory, std::uint64_t payments, std::uint64_t open) {
  constexpr std::uint64_t few = 10'000;
  std::filesystem::remove_all(directory);
  fmt::print("| µs | median | p99 | longest |\n|---|--:|--:|--:|\n");
  {
    Past past(directory);
    past.pay(0, few, true);
    ask_for_sums("a sum among 10,000", past, few);
    past.pay(few, payments / 10, true);
    past.wait_until_sealed(1);
    const auto before = resident_bytes();
    const auto sealed_before = past.counters().sealed_payments;
    const auto begin = Steady::now();
    past.pay(payments / 10, payments, true);
    const auto paid = microseconds_since(begin) / 1e6;
    past.wait_until_sealed(1);
    const auto more = static_cast<double>(past.counters().sealed_payments - sealed_before);
    read_files(directory);
    const auto waited = past.counters().look_ups;
    ask_for_payments("one among them that is known", past, 0, payments, true);
    ask_for_payments("one that is not", past, payments, payments, false);
    ask_for_sums("a sum among them", past, payments);
    fmt::print("\n{} of {} questions waited for the disk\n", past.counters().look_ups - waited,
               3 * questions);
    fmt::print("resident bytes a payment, from {} to {}: {:.2f}\n", payments / 10, payments,
               (static_cast<double>(resident_bytes()) - static_cast<double>(before)) / more);
    fmt::print("paid in {:.1f} s, sealed {:.1f} s after the first of them; {} files\n", paid,
               microseconds_since(begin) / 1e6, past.counters().sealed_files);
    past.pay(payments, payments + open, false);
    past.wait_until_sealed(2);
  }
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory)) bytes += file.file_size();
  const auto begin = Steady::now();
  const Past past(directory);
  fmt::print("ready with {} sealed and {} open after {:.2f} s; {} MiB on the disk\n",
             past.counters().sealed_payments, past.counters().open(),
             microseconds_since(begin) / 1e6, bytes >> 20);
}

}  // namespace
}  // namespace payswitch::bench

int main(int argc, char** argv) {
  CLI::App app("What the past costs");
  std::string directory = "sealed-bench-data";
  std::uint64_t payments = 10'000'000;
  std::uint64_t open = 100'000;
  app.add_option("--directory", directory, "Made anew, and removed at the end");
  app.add_option("--payments", payments)->check(CLI::Range(100'000, 1'000'000'000));
  app.add_option("--open", open);
  CLI11_PARSE(app, argc, argv);
  payswitch::bench::run(directory, payments, open);
  std::filesystem::remove_all(directory);
  return 0;
}
