#include "app/serve.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "app/composition/composition.h"
#include "app/descriptors.h"
#include "app/signals.h"
#include "app/start_trouble.h"
#include "app/starting.h"
#include "dispatch/open_limit.h"
#include "http/client_pool.h"
#include "http/server.h"
#include "net/poller.h"
#include "platform/linux/real.h"
#include "platform/memory.h"
#include "redis/real_client.h"
#include "store/embedded/open.h"
#include "store/shared/engine.h"
#include "text/one_line.h"

namespace payswitch::app {

namespace {

namespace asio = boost::asio;

constexpr int exit_cannot_start = 2;
constexpr int exit_journal_failed = 74;  // EX_IOERR
constexpr int exit_ended_at_once = 143;  // 128 + SIGTERM

// The connection, and the one that is being made in its place.
constexpr std::size_t descriptors_of_redis = 2;

// To the hard limit; gives what is granted then.
std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::size_t>::max();
  const auto before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

std::string start_line(const config::Config& config, std::string_view version,
                       std::string_view durability, bool is_restored,
                       const dispatch::OpenLimit& open, std::uint16_t port,
                       std::string_view descriptors) {
  std::string processors;
  for (const processor::Options& each : config.processors) {
    processors += fmt::format("{}{} {}", processors.empty() ? "" : ", ", each.name, each.url);
  }
  return fmt::format(
      "payswitch {}: store {}{}, durability {}, processors {}, at most {} open payments {}, "
      "listening on {}:{}{}{}",
      version,
      config.is_shared() ? config.redis.address.shown() : fmt::format("embedded ({})", config.data),
      is_restored ? ", restored" : "", durability, processors.empty() ? "none" : processors,
      open.payments, open.why, config.server.host, port, descriptors.empty() ? "" : "; ",
      descriptors);
}

// The composition on the real platform: what it stands on, and its life from start to end. Members
// are destroyed in the opposite order.
class Process {
 public:
  Process(const config::Config& config, std::string_view version)
      : config_(config),
        version_(version),
        open_limit_(dispatch::open_limit(config.open_payments,
                                         platform::memory_limit(platform::read_memory_facts()))),
        log_(platform::make_real_log(
            config.log_json ? platform::LogFormat::json : platform::LogFormat::text,
            config.log_level)),
        clock_(platform::make_real_clock()),
        loop_(platform::make_real_loop(context_)),
        timers_(platform::make_real_timers(context_, *clock_)),
        random_(platform::make_real_random()),
        resolver_(platform::make_real_resolver(context_)),
        server_options_(config.server),
        processors_(config.processors),
        signals_(context_) {}

  std::expected<void, std::string> wire();
  int run();
  // What was logged so far comes before what is said without the log.
  void flush_log() { log_->flush(); }

 private:
  std::expected<void, std::string> share_descriptors();
  std::expected<void, std::string> open_store();
  std::expected<void, std::string> open_embedded_store();
  std::expected<void, std::string> join_shared_store();
  std::expected<void, std::string> bind();
  std::string durability() const;
  void compose();
  std::vector<Composition::Processor> make_clients();
  Composition::Outside outside();
  void answer(const http::Request& request, http::Responder respond);
  void heed_signals();
  void stop();
  [[noreturn]] void end_on_journal_failure(const std::string& line);
  [[noreturn]] void end_at_once(int exit_code);

  const config::Config& config_;
  std::string_view version_;
  const dispatch::OpenLimit open_limit_;
  asio::io_context context_{1};
  std::unique_ptr<platform::RealLog> log_;
  std::unique_ptr<platform::Clock> clock_;
  std::unique_ptr<platform::Loop> loop_;
  std::unique_ptr<platform::Timers> timers_;
  std::unique_ptr<platform::Random> random_;
  std::unique_ptr<platform::Resolver> resolver_;
  std::unique_ptr<platform::Disk> disk_;
  store::shared::Scripts scripts_;
  std::unique_ptr<redis::Client> redis_;
  std::unique_ptr<store::Store> store_;
  store::SingleInstance single_instance_;
  store::Peers* peers_ = &single_instance_;
  const redis::Server* redis_server_ = nullptr;  // none: the store is embedded
  std::vector<std::unique_ptr<http::Client>> clients_;
  std::unique_ptr<Composition> composition_;    // null: the store is not open yet
  http::ServerOptions server_options_;          // as the descriptors allow
  std::vector<processor::Options> processors_;  // likewise
  std::string lowered_;                         // what that lowers, for the start line
  std::unique_ptr<http::Server> server_;
  Starting starting_;
  Signals signals_;
};

std::expected<void, std::string> Process::wire() {
  if (auto shared = share_descriptors(); !shared) return shared;
  heed_signals();
  if (auto opened = open_store(); !opened) return opened;
  compose();
  return {};
}

void Process::compose() {
  Composition::Settings settings{.dispatch = config_.dispatch,
                                 .policy = config_.policy,
                                 .routing = {config_.breaker, config_.limit, config_.health},
                                 .api = config_.api,
                                 .restored = config_.store.restored};
  settings.dispatch.max_open_payments = open_limit_.payments;
  composition_ = std::make_unique<Composition>(
      settings, Composition::Platform{*loop_, *timers_, *clock_, *random_, *log_}, *store_, *peers_,
      make_clients(), outside());
}

Composition::Outside Process::outside() {
  return {.door = {.close = [this] { server_->drain(); },
                   .is_deserted = [this] { return server_->drained(); }},
          .durability = [this] { return durability(); },
          .complete =
              [this](api::Sources& sources) {
                sources.server = &server_->counters();
                if (!redis_server_) sources.durability = config_.store.durability;
                sources.redis = redis_.get();
                sources.redis_server = redis_server_;
                sources.log_lines_dropped = log_->dropped();
                sources.version = version_;
              }};
}

std::expected<void, std::string> Process::share_descriptors() {
  DescriptorsWanted wanted{
      .store = config_.is_shared() ? descriptors_of_redis : store::embedded::max_descriptors(),
      .max_in_flight = {},
      .clients = server_options_.max_connections,
      .turned_away = server_options_.max_turned_away};
  for (const auto& each : processors_) wanted.max_in_flight.push_back(each.max_in_flight);
  const auto granted = raise_descriptor_limit();
  const auto shares = app::share_descriptors(granted, wanted);
  if (!shares) return std::unexpected(shares.error());
  server_options_.max_connections = shares->clients;
  server_options_.max_turned_away = shares->turned_away;
  for (std::size_t i = 0; i < processors_.size(); ++i) {
    processors_[i].max_in_flight = static_cast<std::uint32_t>(shares->max_in_flight[i]);
  }
  lowered_ = say_what_is_lower(granted, wanted, *shares);
  return {};
}

// On Redis it is what Redis was told to do (docs/redis.md).
std::string Process::durability() const {
  if (!redis_server_) return std::string(to_string(config_.store.durability));
  if (redis_server_->appendonly.empty()) return "of redis";
  if (redis_server_->appendonly == "no") return "redis, without appendonly";
  return fmt::format("redis, appendfsync {}", redis_server_->appendfsync);
}

std::expected<void, std::string> Process::bind() {
  if (!config_.io_uring) net::Poller::of(context_).give_up_io_uring();
  auto server = http::make_server(context_, *timers_, *clock_, server_options_,
                                  [this](const http::Request& request, http::Responder respond) {
                                    answer(request, std::move(respond));
                                  });
  if (!server) return std::unexpected(server.error());
  server_ = std::move(*server);
  return {};
}

std::expected<void, std::string> Process::open_store() {
  if (config_.is_shared()) {
    // The loop turns while we join: a supervisor can ask what is waited for.
    if (auto bound = bind(); !bound) return bound;
    return join_shared_store();
  }
  auto disk =
      platform::open_real_disk(config_.data, context_, *loop_, {.io_uring = config_.io_uring});
  if (!disk) return std::unexpected(disk.error());
  disk_ = std::move(*disk);
  // Bound before the store is opened, so that a port in use is known before anything is written.
  if (auto bound = bind(); !bound) return bound;
  return open_embedded_store();
}

// Waits for Redis for as long as it takes: it may be started after us.
std::expected<void, std::string> Process::join_shared_store() {
  if (auto checked = redis::check(config_.redis); !checked) return checked;
  redis_ = redis::make_client({context_, *loop_, *timers_, *clock_, *random_, *resolver_},
                              config_.redis, scripts_.all());
  bool is_open = false;
  std::optional<std::string> refused;
  auto shared = store::shared::open(
      config_.store, config_.redis_store, {*redis_, scripts_, *timers_, *clock_, *random_, *log_},
      *loop_,
      {.opened = [&] { is_open = true; },
       .refused = [&](const std::string& line) { refused = line; },
       .waiting = [this](const std::string& why) { starting_.waits_for("redis: " + why); }});
  store_ = std::move(shared.store);
  peers_ = shared.peers;
  redis_server_ = shared.server;
  while (!is_open && !refused) context_.run_one();
  if (refused) return std::unexpected(*refused);
  return {};
}

std::expected<void, std::string> Process::open_embedded_store() {
  auto store =
      store::embedded::open(config_.store, *disk_, *loop_, *timers_, *clock_, *random_, *log_,
                            [this](const std::string& line) { end_on_journal_failure(line); });
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  return {};
}

std::vector<Composition::Processor> Process::make_clients() {
  std::vector<Composition::Processor> processors;
  for (const processor::Options& each : processors_) {
    clients_.push_back(
        http::make_pool(context_, *timers_, *clock_, *resolver_,
                        {.host = each.host,
                         .port = each.port,
                         .max_connections = each.max_in_flight + spare_connections}));
    processors.push_back({each, *clients_.back()});
  }
  return processors;
}

int Process::run() {
  composition_->start();
  const bool is_restored = composition_->dispatcher().restored() == dispatch::Restored::yes;
  log_->info("{}", start_line(config_, version_, durability(), is_restored, open_limit_,
                              server_->port(), lowered_));
  if (open_limit_.warning) log_->warn("{}", *open_limit_.warning);
  if (config_.processors.empty()) {
    log_->warn("no processors are configured: payments are accepted and not sent");
  }
  context_.run();
  return 0;
}

void Process::answer(const http::Request& request, http::Responder respond) {
  composition_ ? composition_->answer(request, std::move(respond))
               : starting_.answer(request, std::move(respond));
}

void Process::heed_signals() {
  signals_.listen({
      .reload = [this] { log_->warn("SIGHUP: nothing can be reloaded yet; the switch goes on"); },
      .stop = [this] { stop(); },
      // What was acknowledged is on disk already: there is nothing left to lose.
      .end_now = [this] { end_at_once(exit_ended_at_once); },
  });
}

void Process::stop() {
  if (!composition_) end_at_once(exit_ended_at_once);  // not open yet: nothing to lose
  composition_->stop([this] { context_.stop(); });
}

void Process::end_on_journal_failure(const std::string& line) {
  log_->error("{}; nothing more is acknowledged, and the process ends", line);
  end_at_once(exit_journal_failed);
}

void Process::end_at_once(int exit_code) {
  log_->flush();
  std::_Exit(exit_code);
}

int cannot_start(std::string_view why) {
  std::fputs(fmt::format("payswitch: {}\n", text::on_one_line(why)).c_str(), stderr);
  return exit_cannot_start;
}

// What the system refuses us while we start; once it runs, an exception is a bug.
std::expected<std::unique_ptr<Process>, std::string> make_process(const config::Config& config,
                                                                  std::string_view version) try {
  auto process = std::make_unique<Process>(config, version);
  auto wired = process->wire();
  process->flush_log();
  if (!wired) return std::unexpected(std::move(wired.error()));
  return process;
} catch (const std::system_error& refused) {
  return std::unexpected(start_trouble(refused.code()));
} catch (const boost::system::system_error& refused) {
  return std::unexpected(start_trouble(refused.code()));
}

}  // namespace

int serve(const config::Config& config, std::string_view version) {
  ignore_signals();
  auto process = make_process(config, version);
  return process ? (*process)->run() : cannot_start(process.error());
}

}  // namespace payswitch::app
