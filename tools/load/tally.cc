#include "tools/load/tally.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>
#include <utility>
#include <vector>

namespace payswitch::lab::load {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 5> quantiles{
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}}};

constexpr std::array troubles{Trouble::connect, Trouble::cut, Trouble::garbled, Trouble::timed_out};
static_assert(troubles.size() == trouble_count);

}  // namespace

std::string_view to_string(Trouble trouble) {
  switch (trouble) {
    case Trouble::connect:
      return "connect";
    case Trouble::cut:
      return "cut";
    case Trouble::garbled:
      return "garbled";
    case Trouble::timed_out:
      return "time-out";
  }
  return "?";
}

void Tally::add(const Outcome& outcome, platform::Duration latency) {
  if (is_taken(outcome)) {
    latency_.record(latency);
  } else if (outcome) {
    ++statuses_[*outcome];
  } else {
    ++troubles_[static_cast<std::size_t>(outcome.error())];
  }
}

std::uint64_t Tally::failed() const {
  std::uint64_t sum = std::accumulate(troubles_.begin(), troubles_.end(), std::uint64_t{0});
  for (const auto& [status, count] : statuses_) sum += count;
  return sum;
}

std::string Tally::failures_text() const {
  std::vector<std::string> parts;
  for (const auto& [status, count] : statuses_) {
    parts.push_back(fmt::format("{} x {}", status, count));
  }
  for (const Trouble trouble : troubles) {
    const auto count = troubles_[static_cast<std::size_t>(trouble)];
    if (count > 0) parts.push_back(fmt::format("{} x {}", to_string(trouble), count));
  }
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string Tally::failures_json() const {
  std::string text = "{";
  for (const Trouble trouble : troubles) {
    text += fmt::format(R"("{}":{},)", to_string(trouble),
                        troubles_[static_cast<std::size_t>(trouble)]);
  }
  std::vector<std::string> parts;
  for (const auto& [status, count] : statuses_) {
    parts.push_back(fmt::format(R"("{}":{})", status, count));
  }
  return text + fmt::format(R"("status":{{{}}}}})", fmt::join(parts, ","));
}

std::string in_ms(platform::Duration span) {
  return fmt::format("{:.3f}", static_cast<double>(span.count()) / 1e6);
}

std::string latency_text(const metrics::FineHistogram& latency) {
  std::vector<std::string> parts;
  for (const auto& [name, q] : quantiles) {
    parts.push_back(fmt::format("{} {}", name, in_ms(latency.quantile(q))));
  }
  return fmt::format("{} ms", fmt::join(parts, "  "));
}

std::string latency_json(const metrics::FineHistogram& latency) {
  std::vector<std::string> parts;
  for (const auto& [name, q] : quantiles) {
    parts.push_back(fmt::format(R"("{}":{})", name, in_ms(latency.quantile(q))));
  }
  return fmt::format("{{{}}}", fmt::join(parts, ","));
}

}  // namespace payswitch::lab::load
