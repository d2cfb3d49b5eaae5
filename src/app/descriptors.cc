#include "app/descriptors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace payswitch::app {

namespace {

constexpr std::size_t least_of_a_processor = 1 + spare_connections;
constexpr std::size_t least_of_clients = 2;  // one that is served, one that is turned away
constexpr std::size_t turned_away_part = 8;  // of what clients get

std::size_t connections(const std::vector<std::size_t>& max_in_flight) {
  return std::accumulate(max_in_flight.begin(), max_in_flight.end(),
                         max_in_flight.size() * spare_connections);
}

// In proportion to what each wants; each gets what it needs least.
std::vector<std::size_t> lowered(const std::vector<std::size_t>& max_in_flight, std::size_t share) {
  const auto total = connections(max_in_flight);
  if (share >= total) return max_in_flight;
  const auto extra = share - max_in_flight.size() * least_of_a_processor;
  const auto extra_wanted = total - max_in_flight.size() * least_of_a_processor;
  std::vector<std::size_t> lower;
  for (const auto each : max_in_flight) lower.push_back(1 + (each - 1) * extra / extra_wanted);
  return lower;
}

}  // namespace

std::expected<DescriptorShares, std::string> share_descriptors(std::size_t granted,
                                                               const DescriptorsWanted& wanted) {
  const auto fixed = descriptors_of_the_process + wanted.store;
  const auto least_of_processors = wanted.max_in_flight.size() * least_of_a_processor;
  const auto least = fixed + least_of_processors + least_of_clients;
  if (granted < least) {
    return std::unexpected(fmt::format(
        "{} file descriptors are too few: the store, the processors and the first client need {}; "
        "raise the hard limit (ulimit -Hn, LimitNOFILE=)",
        granted, least));
  }
  const auto rest = granted - fixed;
  const auto by_processors = connections(wanted.max_in_flight);
  const auto by_clients = wanted.clients + wanted.turned_away;
  const auto left_by_clients = rest - std::min(rest, by_clients);
  const auto for_processors =
      std::min({by_processors, std::max({rest / 2, left_by_clients, least_of_processors}),
                rest - least_of_clients});
  DescriptorShares shares{.max_in_flight = lowered(wanted.max_in_flight, for_processors)};
  const auto for_clients = std::min(by_clients, rest - for_processors);
  shares.turned_away =
      std::min(wanted.turned_away, std::max<std::size_t>(for_clients / turned_away_part, 1));
  shares.clients = std::min(wanted.clients, for_clients - shares.turned_away);
  return shares;
}

std::string say_what_is_lower(std::size_t granted, const DescriptorsWanted& wanted,
                              const DescriptorShares& shares) {
  std::string text;
  if (shares.clients < wanted.clients) text += fmt::format("{} connections", shares.clients);
  if (shares.max_in_flight != wanted.max_in_flight) {
    text += fmt::format("{}{} payments in flight", text.empty() ? "" : " and ",
                        fmt::join(shares.max_in_flight, " + "));
  }
  if (text.empty()) return text;
  return fmt::format("{} file descriptors allow at most {}", granted, text);
}

}  // namespace payswitch::app
