// What keeping a payment costs, in our store and in RocksDB: CPU time of the whole process, since
// wall time says more about the neighbours. bench/results/ holds what came out, and what was not
// equal.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <vector>

#include "bench/candidate.h"
#include "bench/usage.h"

namespace payswitch::bench {

void give_up(const std::string& line) {
  fmt::print(stderr, "store_bench: {}\n", line);
  std::_Exit(EXIT_FAILURE);
}

namespace {

using platform::Durability;

struct Contestant {
  std::string name;
  std::function<std::unique_ptr<Candidate>(const Setup&)> open;
};

std::vector<Contestant> contestants() {
  std::vector<Contestant> all{{"embedded", open_embedded}};
#ifdef PAYSWITCH_BENCH_ROCKSDB
  all.push_back({"rocksdb", open_rocksdb});
#endif
  return all;
}

struct Result {
  Usage paying;
  Usage opening_again;
};

struct Case {
  Contestant contestant;
  Durability durability;
  std::uint64_t payments;
  std::vector<Result> results;

  std::string name() const {
    return fmt::format("{}, {}, {}", contestant.name, to_string(durability), payments);
  }
};

Result measure(const Case& test, const Setup& setup) {
  Result result;
  {
    const auto candidate = test.contestant.open(setup);
    const Usage before = usage_now();
    candidate->pay(test.payments);
    result.paying = usage_now() - before;
  }
  const Usage before = usage_now();
  const auto candidate = test.contestant.open(setup);
  result.opening_again = usage_now() - before;
  candidate->check(test.payments);
  return result;
}

// In a process of its own, so that none finds memory that another has left behind.
Result measure_apart(const Case& test, const Setup& setup) {
  int ends[2];
  if (::pipe(ends) != 0) give_up("no pipe");
  const pid_t child = ::fork();
  if (child == -1) give_up("no process");
  if (child == 0) {
    const Result result = measure(test, setup);
    const bool told = ::write(ends[1], &result, sizeof result) == sizeof result;
    std::_Exit(told ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  ::close(ends[1]);
  Result result;
  const bool heard = ::read(ends[0], &result, sizeof result) == sizeof result;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  std::filesystem::remove_all(setup.directory);
  if (!heard) give_up("no result of: " + test.name());
  return result;
}

struct Spread {
  double low = 0;
  double median = 0;
  double high = 0;
};

Spread spread(const std::vector<Result>& results, const std::function<double(const Result&)>& of) {
  std::vector<double> values;
  for (const Result& result : results) values.push_back(of(result));
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  const bool odd = values.size() % 2 == 1;
  const double median = odd ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {values.front(), median, values.back()};
}

constexpr std::string_view heading =
    "| store | durability | payments | CPU µs a payment | lowest to highest | of it in the kernel "
    "| "
    "bytes written a payment | waits a payment | peak MiB | wall s | CPU s to open again |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";

void print_row(const Case& test) {
  const auto each = static_cast<double>(test.payments);
  const auto& results = test.results;
  const auto median = [&](auto of) { return spread(results, of).median; };
  const auto cpu =
      spread(results, [&](const Result& r) { return r.paying.cpu_seconds() * 1e6 / each; });
  fmt::print(
      "| {} | {} | {} | **{:.2f}** | {:.2f} to {:.2f} | {:.2f} | {:.0f} | {:.2f} | {:.0f} | "
      "{:.1f} | {:.2f} |\n",
      test.contestant.name, to_string(test.durability), test.payments, cpu.median, cpu.low,
      cpu.high, median([&](const Result& r) { return r.paying.system_seconds * 1e6 / each; }),
      median([&](const Result& r) { return static_cast<double>(r.paying.written_bytes) / each; }),
      median([&](const Result& r) { return static_cast<double>(r.paying.switches) / each; }),
      median([](const Result& r) { return r.paying.peak_mib; }),
      median([](const Result& r) { return r.paying.wall_seconds; }),
      median([](const Result& r) { return r.opening_again.cpu_seconds(); }));
}

struct Plan {
  std::vector<std::uint64_t> payments{100'000, 1'000'000, 4'000'000};
  std::uint64_t repeat = 3;
  std::uint64_t turn = 32;
  std::string directory = ".";
  std::string only;
};

std::vector<Case> cases_of(const Plan& plan) {
  std::vector<Case> cases;
  for (const auto durability : {Durability::os, Durability::fsync}) {
    for (const auto payments : plan.payments) {
      for (const auto& contestant : contestants()) {
        Case test{contestant, durability, payments, {}};
        if (test.name().contains(plan.only)) cases.push_back(std::move(test));
      }
    }
  }
  return cases;
}

void run(const Plan& plan) {
  auto cases = cases_of(plan);
  // Round by round, so that a busy minute of the machine does not fall on one case alone.
  for (std::uint64_t round = 0; round < plan.repeat; ++round) {
    for (Case& test : cases) {
      const Setup setup{.directory = plan.directory + "/store-bench-" + std::to_string(::getpid()),
                        .durability = test.durability,
                        .turn = plan.turn};
      test.results.push_back(measure_apart(test, setup));
      fmt::print(
          stderr, "round {}: {}: {:.2f} µs\n", round + 1, test.name(),
          test.results.back().paying.cpu_seconds() * 1e6 / static_cast<double>(test.payments));
    }
  }
  fmt::print("{}", heading);
  for (const Case& test : cases) print_row(test);
}

}  // namespace

}  // namespace payswitch::bench

int main(int argc, char** argv) try {
  CLI::App app("What keeping a payment costs", "store_bench");
  payswitch::bench::Plan plan;
  app.add_option("--payments", plan.payments, "How many, one run for each")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  app.add_option("--repeat", plan.repeat, "Rounds; the median is shown")
      ->check(CLI::PositiveNumber);
  app.add_option("--turn", plan.turn, "Payments that are accepted together")
      ->check(CLI::PositiveNumber);
  app.add_option("--directory", plan.directory, "Where the stores are put, and removed");
  app.add_option("--only", plan.only, "Only cases whose name has this in it, as \"embedded, os\"");
  CLI11_PARSE(app, argc, argv);
  payswitch::bench::run(plan);
  return EXIT_SUCCESS;
} catch (const std::exception& error) {
  payswitch::bench::give_up(error.what());
}
