#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <vector>

namespace payswitch::app {

// Beside those that max_in_flight allows: for health polls.
inline constexpr std::size_t spare_connections = 2;

// Standard streams, event queues, timers, the listener, signals, name look-ups.
inline constexpr std::size_t descriptors_of_the_process = 24;

// What is wanted of the file descriptors that the system grants.
struct DescriptorsWanted {
  std::size_t store = 0;                   // it gets these, or there is no start
  std::vector<std::size_t> max_in_flight;  // of each processor
  std::size_t clients = 0;                 // connections
  std::size_t turned_away = 0;             // connections beyond those, that are told so
};

// What each gets of it.
struct DescriptorShares {
  std::vector<std::size_t> max_in_flight;
  std::size_t clients = 0;
  std::size_t turned_away = 0;
};

// Shares out `granted` descriptors. The process and the store come first; where the rest is not
// enough for all connections, clients leave to the processors half of it, and the other way round,
// unless the other side wants less. An error is one line for a person: there is not enough for one
// payment in flight at each processor and one client.
std::expected<DescriptorShares, std::string> share_descriptors(std::size_t granted,
                                                               const DescriptorsWanted& wanted);

// For the start line: "" when each gets what it wants.
std::string say_what_is_lower(std::size_t granted, const DescriptorsWanted& wanted,
                              const DescriptorShares& shares);

}  // namespace payswitch::app
