#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/options.h"
#include "dispatch/options.h"
#include "http/options.h"
#include "platform/log.h"
#include "processor/options.h"
#include "redis/options.h"
#include "routing/options.h"
#include "store/options.h"

namespace payswitch::config {

// Everything that `serve` needs to know, checked: each room's options, filled from the one option
// table.
struct Config {
  http::ServerOptions server;
  api::Options api;
  std::string data = "payswitch-data";
  bool io_uring = true;  // for the journal and for the sockets
  store::Options store;
  redis::Options redis;  // of the store that instances share; no host: the embedded store
  store::RedisOptions redis_store;
  routing::BreakerOptions breaker;
  routing::LimitOptions limit;
  routing::HealthOptions health;
  routing::PolicyOptions policy;
  std::optional<std::uint64_t> open_payments;  // none: what memory carries (dispatch/open_limit.h)
  dispatch::Options dispatch;
  std::vector<processor::Options> processors;
  bool log_json = false;
  platform::Level log_level = platform::Level::info;

  bool is_shared() const { return !redis.address.host.empty(); }
};

// The value of an environment variable, or nullopt. One that is set but empty counts as not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Reads the flags (without the program's name and the command), the file that --config names and
// the environment: flag beats environment beats file beats default. An error is one line that names
// the option, the place where it stands, and what is allowed there.
std::expected<Config, std::string> load(std::span<const std::string_view> flags,
                                        const Environment& environment);

// The flags of `serve` with their defaults, for a terminal.
std::string help();

// Every option with its place in each layer, default and range, as a Markdown table.
std::string option_reference_markdown();

// The configuration as a TOML file that would make it, processors included.
std::string to_toml(const Config& config);

}  // namespace payswitch::config
