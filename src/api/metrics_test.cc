#include "api/metrics.h"

#include "api/processors_fixture.h"

namespace payswitch::api {
namespace {

using testing::HasSubstr;
using testing::Not;

struct MetricsTest : ProcessorsTest {
  Counters counters;
  http::ServerCounters server;

  Sources sources() {
    return {.store = store, .dispatcher = *dispatcher, .api = counters, .server = &server};
  }
};

TEST_F(MetricsTest, PaymentsAreCountedByTheirState) {
  store.counted.by_state[static_cast<std::size_t>(payment::State::unknown)] = 7;
  store.counted.replays = 3;
  store.counted.conflicts = 2;
  store.counted.findings = 1;
  const std::string text = metrics_text(sources());
  EXPECT_THAT(text, HasSubstr("payswitch_payments{state=\"unknown\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_payments{state=\"settled\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_replays_total 3\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_conflicts_total 2\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_findings_total 1\n"));
}

TEST_F(MetricsTest, EachProcessorHasItsSamples) {
  dispatcher = make_dispatcher({}, one_upstream());
  const std::string text = metrics_text(sources());
  EXPECT_THAT(text, HasSubstr("payswitch_attempts_total{processor=\"default\",outcome=\""));
  EXPECT_THAT(text,
              HasSubstr("payswitch_breaker_state{processor=\"default\",state=\"closed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_breaker_state{processor=\"default\",state=\"open\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_limit{processor=\"default\"} 64\n"));
  EXPECT_THAT(text, Not(HasSubstr("processor=\"gone\"")));
}

TEST_F(MetricsTest, TheDurabilityIsTheOneThatIsConfigured) {
  Sources from = sources();
  from.durability = platform::Durability::os;
  const std::string text = metrics_text(from);
  EXPECT_THAT(text, HasSubstr("payswitch_durability{durability=\"os\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_durability{durability=\"fsync\"} 0\n"));
}

TEST_F(MetricsTest, TheServerAndTheBuildAreShown) {
  server.requests = 12;
  server.bad_requests = 4;
  server.connections_open = 5;
  server.connections_refused = 6;
  Sources from = sources();
  from.log_lines_dropped = 9;
  from.version = "1.2";
  const std::string text = metrics_text(from);
  EXPECT_THAT(text, HasSubstr("payswitch_http_requests_total 12\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_http_bad_requests_total 4\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_http_connections 5\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_http_refused_connections_total 6\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_log_lines_dropped_total 9\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_build_info{version=\"1.2\"} 1\n"));
}

TEST_F(MetricsTest, WithoutAServerItsCountersAreZero) {
  Sources from = sources();
  from.server = nullptr;
  EXPECT_THAT(metrics_text(from), HasSubstr("payswitch_http_requests_total 0\n"));
}

TEST_F(MetricsTest, ARestoredStoreIsShown) {
  EXPECT_THAT(metrics_text(sources()), HasSubstr("payswitch_restored 0\n"));
  dispatcher = make_dispatcher({.restored = dispatch::Restored::yes});
  EXPECT_THAT(metrics_text(sources()), HasSubstr("payswitch_restored 1\n"));
}

TEST_F(MetricsTest, AcceptedPaymentsAreInTheHistogram) {
  counters.accept.record(std::chrono::milliseconds(3));
  EXPECT_THAT(metrics_text(sources()), HasSubstr("payswitch_accept_seconds_count 1\n"));
}

// A connection to Redis of which only the counters are asked for.
struct FakeRedis final : redis::Client {
  redis::Counters counted;

  void start(Events) override {}
  void command(std::span<const std::string_view>, Done) override {}
  void run(const redis::Script&, std::span<const std::string_view>,
           std::span<const std::string_view>, Done, redis::Flush) override {}
  bool connected() const override { return counted.connected; }
  const redis::Counters& counters() const override { return counted; }
};

TEST_F(MetricsTest, RedisIsShownWhereItIsTheStore) {
  EXPECT_THAT(metrics_text(sources()), Not(HasSubstr("redis")));
  FakeRedis redis;
  redis.counted.connected = true;
  redis.counted.maybe_ran = 2;
  const redis::Server settings{.run_id = {},
                               .version = {},
                               .role = {},
                               .appendonly = "yes",
                               .appendfsync = "everysec",
                               .maxmemory_policy = "noeviction"};
  Sources from = sources();
  from.redis = &redis;
  from.redis_server = &settings;
  const std::string text = metrics_text(from);
  EXPECT_THAT(text, HasSubstr("payswitch_redis_connected 1\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_redis_lost_total 2\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_redis_risk{setting=\"appendonly\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_redis_risk{setting=\"appendfsync\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("payswitch_redis_risk{setting=\"maxmemory_policy\"} 0\n"));
}

}  // namespace
}  // namespace payswitch::api
