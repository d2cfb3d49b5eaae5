#pragma once

#include <cstdint>

namespace payswitch::http {

struct ServerCounters {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // beyond max_connections
  std::uint64_t connections_open = 0;
  std::uint64_t requests = 0;
  std::uint64_t bad_requests = 0;  // answered by the server itself, with a 4xx
};

struct ClientCounters {
  std::uint64_t connects = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t connections_idle = 0;
};

}  // namespace payswitch::http
