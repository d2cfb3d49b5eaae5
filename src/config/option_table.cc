#include <algorithm>
#include <chrono>

#include "config/form.h"
#include "config/option.h"
#include "processor/dialect.h"
#include "text/url.h"

// What each limit is for stands beside the member that it fills, in that room's options.h.
namespace payswitch::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t max_port = 65'535;
constexpr std::uint64_t max_connections = 1'000'000;
constexpr std::uint64_t max_open_payments = 100'000'000;
constexpr std::uint64_t max_in_flight = 100'000;
constexpr std::uint64_t max_volume = 1'000'000;
constexpr std::uint64_t min_segment_bytes = 64ull << 10;
constexpr std::uint64_t max_segment_bytes = 1ull << 30;
constexpr std::uint64_t max_replicas = 10;
constexpr std::size_t max_name_length = 32;

constexpr std::int64_t default_fee_ppm = 50'000;
constexpr std::int64_t fallback_fee_ppm = 150'000;

Applied set_listen(Config& config, const std::string& text) {
  return assign(text::parse_address(text), [&](text::Address address) {
    config.server.host = std::move(address.host);
    config.server.port = address.port;
  });
}

std::string show_listen(const Config& config) {
  return text::format_address({config.server.host, config.server.port});
}

Applied set_data(Config& config, const std::string& text) {
  if (text.empty()) return std::unexpected("the name of the directory is empty");
  config.data = text;
  return {};
}

Applied add_moved(Config& config, const std::string& text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    if (end > begin) config.store.moved.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return {};
}

std::string show_moved(const Config& config) {
  return fmt::format("{}", fmt::join(config.store.moved, ","));
}

Applied set_store_url(Config& config, const std::string& text) {
  config.redis.address = {.host = {}};
  if (text.empty()) return {};
  return assign(redis::parse_address(text),
                [&](redis::Address address) { config.redis.address = std::move(address); });
}

// Never with the password.
std::string show_store_url(const Config& config) {
  return config.is_shared() ? config.redis.address.shown() : "";
}

Applied set_ca_file(Config& config, const std::string& text) {
  config.redis.ca_file = text;
  return {};
}

Applied set_url(processor::Options& options, const std::string& text) {
  return assign(text::parse_http_url(text), [&](text::HttpUrl url) {
    options.host = std::move(url.host);
    options.port = url.port;
    options.base_path = std::move(url.base_path);
    options.url = text;
  });
}

bool may_stand_in_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

Applied set_name(processor::Options& options, const std::string& text) {
  if (text.empty() || text.size() > max_name_length ||
      !std::ranges::all_of(text, may_stand_in_a_name)) {
    return std::unexpected(
        fmt::format("'{}' is not a name of 1 to {} of a-z, 0-9, _ and -", text, max_name_length));
  }
  options.name = text;
  return {};
}

Applied set_dialect(processor::Options& options, const std::string& text) {
  if (processor::find_dialect(text) == nullptr) {
    return std::unexpected(fmt::format("'{}' is not a dialect; the only one is 'rinha'", text));
  }
  options.dialect = text;
  return {};
}

// PROCESSOR_DEFAULT_URL and PROCESSOR_FALLBACK_URL: makes the processor, or moves the one of the
// file.
Form<Config> url_of(std::string_view name, std::int64_t fee_ppm) {
  const auto set = [=](Config& config, const std::string& url) -> Applied {
    auto found = std::ranges::find(config.processors, name, &processor::Options::name);
    if (found != config.processors.end()) return set_url(*found, url);
    processor::Options made;
    made.name = name;
    made.fee_ppm = fee_ppm;
    auto applied = set_url(made, url);
    if (applied) config.processors.push_back(std::move(made));
    return applied;
  };
  return text<Config>("a URL", set, [](const Config&) { return ""; });
}

// NUM_WORKERS: never raises a limit that the file has set lower.
Form<Config> lowest_in_flight() {
  const auto set = [](Config& config, const Value& value) {
    return assign(read_count(value, 1, max_in_flight), [&](std::uint64_t workers) {
      for (processor::Options& one : config.processors) {
        one.max_in_flight = std::min(one.max_in_flight, static_cast<std::uint32_t>(workers));
      }
    });
  };
  return {count_form(1, max_in_flight), set, [](const Config&) { return std::string(); }};
}

void add_general(std::vector<Option<Config>>& table) {
  using enum platform::Durability;
  using platform::Level;
  const auto port = [](auto& c) -> auto& { return c.server.port; };
  const auto durability = [](auto& c) -> auto& { return c.store.durability; };
  const auto io_uring = [](auto& c) -> auto& { return c.io_uring; };
  const auto patience = [](auto& c) -> auto& { return c.policy.patience; };
  const auto log = [](auto& c) -> auto& { return c.log_json; };
  const auto log_level = [](auto& c) -> auto& { return c.log_level; };

  table.push_back({"", "PORT", count<Config>(port, 0, max_port),
                   "Replaces the port of `listen`; LISTEN and --listen take precedence."});
  table.push_back({"listen", "LISTEN", text<Config>("host:port", set_listen, show_listen),
                   "Where clients connect. Port 0 takes any free one."});
  table.push_back({"data", "DATA",
                   text<Config>("a directory", set_data, [](const Config& c) { return c.data; }),
                   "The directory of the embedded store; made when it is missing."});
  table.push_back(
      {"durability", "DURABILITY",
       choice<Config>(durability, {{"fsync", fsync}, {"os", os}, {"memory", memory}}),
       "What an accepted payment survives: fsync the loss of power, os the death of the "
       "process, memory neither."});
  table.push_back(
      {"io_uring", "", choice<Config>(io_uring, {{"auto", true}, {"off", false}}),
       "With io_uring, where the kernel offers it, the journal is written past the page cache, and "
       "many sockets are read and written by one call. Off: a thread writes and syncs, and each "
       "socket takes a call of its own."});
  table.push_back(
      {"patience", "PATIENCE", duration<Config>(patience, seconds(0), hours(24)),
       "How long a payment may wait for a cheaper processor before a dearer one gets it."});
  table.push_back(
      {"moved", "",
       text<Config>("names of processors, with commas between them", add_moved, show_moved),
       "Processors that have moved to another URL with their books. Without it, a start with "
       "another URL than the store knows is refused while a payment is unanswered there.",
       true});
  table.push_back({"log", "", choice<Config>(log, {{"text", false}, {"json", true}}),
                   "How lines on standard error are written."});
  table.push_back({"log_level", "",
                   choice<Config>(log_level, {{"debug", Level::debug},
                                              {"info", Level::info},
                                              {"warn", Level::warn},
                                              {"error", Level::error}}),
                   "The least severity that is logged."});
}

void add_api(std::vector<Option<Config>>& table) {
  const auto refuse = [](auto& c) -> auto& { return c.api.refuse_unknown_fields; };
  table.push_back({"api.unknown_fields", "UNKNOWN_FIELDS",
                   choice<Config>(refuse, {{"refuse", true}, {"ignore", false}}),
                   "What to do with a payment that has an unknown field: refuse answers 400 and "
                   "names the field, ignore accepts the payment without it."});
}

// What the operator says once, and the store keeps.
void add_acts(std::vector<Option<Config>>& table) {
  const auto restored = [](auto& c) -> auto& { return c.store.restored; };
  auto said =
      choice<Config>(restored, {{"on", store::Restored::on}, {"done", store::Restored::done}});
  // Nothing that `check` would write into a file.
  said.show = [](const Config&) { return std::string(); };
  table.push_back({"restored", "", said,
                   "The directory, or the Redis, is a copy that was restored, or lost a part: each "
                   "payment that is new is asked for at every processor before it is sent. Kept "
                   "until --restored=done. See docs/runbook.md.",
                   false, "on"});
  const auto cut = [](auto& c) -> auto& { return c.store.cut_at_damage; };
  auto now = choice<Config>(cut, {{"now", true}});
  now.show = [](const Config&) { return std::string(); };
  table.push_back(
      {"cut_at_damage", "", now,
       "If damage to the data directory would refuse this start, cut the log before it. The "
       "rest is kept aside and no longer counts, and the directory is a restored one from then "
       "on. See docs/runbook.md first.",
       false, "now"});
}

void add_limits_and_store(std::vector<Option<Config>>& table) {
  const auto connections = [](auto& c) -> auto& { return c.server.max_connections; };
  const auto open_payments = [](auto& c) -> auto& { return c.open_payments; };
  const auto segment = [](auto& c) -> auto& { return c.store.segment_bytes; };
  const auto lease = [](auto& c) -> auto& { return c.redis_store.lease; };
  const auto replicas = [](auto& c) -> auto& { return c.redis_store.wait_replicas; };

  table.push_back({"limits.connections", "", count<Config>(connections, 1, max_connections),
                   "Client connections; one beyond is answered 503."});
  table.push_back({"limits.open_payments", "",
                   optional_count<Config>(open_payments, 1, max_open_payments),
                   "Payments accepted and not yet settled; one beyond is answered 503. Unset: as "
                   "many as half of the memory carries, at most 2000000."});
  table.push_back(
      {"journal.segment_size", "", count<Config>(segment, min_segment_bytes, max_segment_bytes),
       "Bytes of the longest journal segment: they begin small and grow with use. Space is "
       "taken before it is needed."});
  table.push_back(
      {"store.url", "REDIS_URL",
       text<Config>("redis://[user:password@]host[:port][/db], or rediss:// for TLS", set_store_url,
                    show_store_url),
       "The Redis that several instances share. Empty: the embedded store, in `data`."});
  table.push_back(
      {"store.ca_file", "",
       text<Config>("a file", set_ca_file, [](const Config& c) { return c.redis.ca_file; }),
       "The certificates to trust for rediss://; empty: those of the system."});
  table.push_back({"store.lease", "", duration<Config>(lease, seconds(1), minutes(10)),
                   "How long a silent instance keeps its payments in Redis."});
  table.push_back({"store.wait_replicas", "", count<Config>(replicas, 0, max_replicas),
                   "How many replicas must have a payment before its 202 (WAIT)."});
}

void add_breaker(std::vector<Option<Config>>& table) {
  const auto rest = [](auto& c) -> auto& { return c.dispatch.rest; };
  const auto window = [](auto& c) -> auto& { return c.breaker.window; };
  const auto min_volume = [](auto& c) -> auto& { return c.breaker.min_volume; };
  const auto failure_rate = [](auto& c) -> auto& { return c.breaker.failure_rate; };
  const auto slow = [](auto& c) -> auto& { return c.breaker.slow; };
  const auto slow_rate = [](auto& c) -> auto& { return c.breaker.slow_rate; };
  const auto consecutive = [](auto& c) -> auto& { return c.breaker.consecutive_failures; };
  const auto close_after = [](auto& c) -> auto& { return c.breaker.close_after; };

  table.push_back({"breaker.rest", "", duration<Config>(rest, milliseconds(100), minutes(10)),
                   "The pause of dispatch when every breaker is open; probes still go out."});
  table.push_back({"breaker.window", "", duration<Config>(window, seconds(1), minutes(10)),
                   "The time over which failures and slow answers are counted."});
  table.push_back({"breaker.min_volume", "", count<Config>(min_volume, 1, max_volume),
                   "Answers in the window before the two rates count."});
  table.push_back({"breaker.failure_rate", "", share<Config>(failure_rate),
                   "The share of failures at which the breaker opens."});
  table.push_back({"breaker.slow", "", duration<Config>(slow, milliseconds(1), minutes(10)),
                   "An answer that takes longer is slow."});
  table.push_back({"breaker.slow_rate", "", share<Config>(slow_rate),
                   "The share of slow answers at which the breaker opens."});
  table.push_back({"breaker.consecutive_failures", "", count<Config>(consecutive, 1, max_volume),
                   "Failures in a row at which the breaker opens, whatever the volume."});
  table.push_back({"breaker.close_after", "", count<Config>(close_after, 1, max_volume),
                   "Successes that close a half-open breaker."});
}

void add_processors_of_the_environment(std::vector<Option<Config>>& table) {
  table.push_back({"", "PROCESSOR_DEFAULT_URL", url_of("default", default_fee_ppm),
                   "Makes the processor `default` with fee 0.05, or replaces its URL."});
  table.push_back({"", "PROCESSOR_FALLBACK_URL", url_of("fallback", fallback_fee_ppm),
                   "Makes the processor `fallback` with fee 0.15, or replaces its URL."});
  // Last: it is for all processors, those of the environment too.
  table.push_back({"", "NUM_WORKERS", lowest_in_flight(),
                   "Lowers `max_in_flight` of every processor to this."});
}

}  // namespace

std::vector<Option<Config>> options() {
  std::vector<Option<Config>> table;
  add_general(table);
  add_acts(table);
  add_api(table);
  add_limits_and_store(table);
  add_breaker(table);
  add_processors_of_the_environment(table);
  return table;
}

std::vector<Option<processor::Options>> processor_options() {
  using Options = processor::Options;
  const auto attempt_timeout = [](auto& p) -> auto& { return p.attempt_timeout; };
  const auto hang_up = [](auto& p) -> auto& { return p.hang_up; };
  const auto in_flight = [](auto& p) -> auto& { return p.max_in_flight; };
  const auto processing = [](auto& p) -> auto& { return p.max_processing_time; };
  const Form<Options> fee{fee_form(),
                          [](Options& p, const Value& value) {
                            return assign(read_fee_ppm(value),
                                          [&](std::int64_t fee_ppm) { p.fee_ppm = fee_ppm; });
                          },
                          [](const Options& p) { return format_fee(p.fee_ppm); }};
  return {
      {"processor.name", "",
       text<Options>("a name", set_name, [](const Options& p) { return p.name; }),
       "What summaries, metrics and the books call it; 1 to 32 of a-z, 0-9, _ and -."},
      {"processor.url", "", text<Options>("a URL", set_url, [](const Options& p) { return p.url; }),
       "http://host[:port][/path]."},
      {"processor.fee", "", fee, "Its fee, as a share of the amount."},
      {"processor.dialect", "",
       text<Options>("a dialect", set_dialect, [](const Options& p) { return p.dialect; }),
       "How it speaks and what its answers mean. The only one is `rinha`."},
      {"processor.attempt_timeout", "",
       duration<Options>(attempt_timeout, milliseconds(10), minutes(10)),
       "After it the outcome counts as unknown; the connection is still read."},
      {"processor.hang_up", "", duration<Options>(hang_up, milliseconds(10), hours(1)),
       "After it the connection is closed. Not less than attempt_timeout."},
      {"processor.max_in_flight", "", count<Options>(in_flight, 1, max_in_flight),
       "Requests in flight at once."},
      {"processor.max_processing_time", "",
       optional_duration<Options>(processing, seconds(1), hours(24 * 7)),
       "How long after a request this processor may still book it. Unset, a payment that it "
       "does not know never leaves it."},
  };
}

std::string flag_of(std::string_view path) {
  std::string name = fmt::format("--{}", path);
  std::ranges::replace(name, '_', '-');
  return name;
}

std::string_view section_of(std::string_view path) {
  const std::size_t dot = path.find('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

}  // namespace payswitch::config
