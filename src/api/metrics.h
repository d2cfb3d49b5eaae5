#pragma once

#include <optional>
#include <string>

#include "api/counters.h"
#include "dispatch/dispatcher.h"
#include "http/counters.h"
#include "platform/disk.h"
#include "redis/client.h"
#include "store/store.h"

namespace payswitch::api {

// What GET /metrics reads: every room's counters.
struct Sources {
  const store::Store& store;
  const dispatch::Dispatcher& dispatcher;
  const Counters& api;
  const http::ServerCounters* server = nullptr;         // null: there is no server
  std::optional<platform::Durability> durability = {};  // none: the store is on Redis
  const redis::Client* redis = nullptr;
  const redis::Server* redis_server = nullptr;
  std::uint64_t log_lines_dropped = 0;
  std::string_view version = {};
};

// Prometheus text exposition format 0.0.4. Every family is listed in docs/protocol.md.
std::string metrics_text(const Sources& sources);

}  // namespace payswitch::api
