#include "store/shared/instances_fixture.h"

// Which Redis will do, and what an operator is told of it (PROTOCOL 7.1, 7.6).
namespace payswitch::store::shared {
namespace {

// Says who it is, and is asked for nothing.
class ClientOfAnOldServer final : public wire::Client {
 public:
  explicit ClientOfAnOldServer(std::string version) : version_(std::move(version)) {}
  void start(Events events) override {
    wire::Server server;
    server.run_id = "some run";
    server.version = version_;
    server.role = "master";
    events.connected(server);
  }
  void command(std::span<const std::string_view>, Done) override { ++asked; }
  void run(const wire::Script&, std::span<const std::string_view>,
           std::span<const std::string_view>, Done, wire::Flush) override {
    ++asked;
  }
  bool connected() const override { return true; }
  const wire::Counters& counters() const override { return counters_; }

  std::size_t asked = 0;

 private:
  std::string version_;
  wire::Counters counters_;
};

class Joining : public Instances {
 protected:
  // What a server of this version is told, and how often it was asked.
  std::pair<std::optional<std::string>, std::size_t> try_version(const std::string& version) {
    platform::TestLoop loop;
    const auto asio_loop = platform::make_real_loop(loop.context());
    const auto clock = platform::make_real_clock();
    const auto timers = platform::make_real_timers(loop.context(), *clock);
    const auto random = platform::make_real_random();
    lab::CollectedLog log;
    Scripts scripts;
    RedisOptions options;
    ClientOfAnOldServer client(version);
    std::optional<std::string> refused;
    const Shared shared = open(
        {.processors = {{"default"}}}, options, {client, scripts, *timers, *clock, *random, log},
        *asio_loop, {.opened = [] {}, .refused = [&](const std::string& line) { refused = line; }});
    return {refused, client.asked};
  }
};

TEST_F(Joining, ARedisOlderThanSevenIsRefused) {
  const auto [refused, asked] = try_version("6.2.14");
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->find("6.2.14"), std::string::npos);
  EXPECT_EQ(asked, 0u);
  EXPECT_FALSE(try_version("7.0.0").first);
  EXPECT_GT(try_version("7.0.0").second, 0u);
  EXPECT_FALSE(try_version("10.0.1").first);
}

TEST_F(Joining, AnotherNumberOfShardsIsRefusedAndNothingIsWritten) {
  join();
  EXPECT_EQ(server->ask({"HGET", meta_key("settings"), "shards"}).text, "64");
  server->ask({"HSET", meta_key("settings"), "shards", "32"});
  Instance& late = begin_to_join();
  ASSERT_TRUE(until([&] { return late.refused.has_value(); }));
  EXPECT_NE(late.refused->find("32"), std::string::npos);
  EXPECT_NE(late.refused->find("64"), std::string::npos);
  EXPECT_FALSE(late.is_open);
}

TEST_F(Joining, WhoHasJoinedWaitsWhenRedisComesBackAsAnotherOne) {
  Instance& instance = join();
  send(instance, 1);
  instance.is_asleep = true;
  server->kill();
  server->start();
  server->ask({"HSET", meta_key("settings"), "shards", "32"});
  instance.is_asleep = false;
  ASSERT_TRUE(until([&] { return instance.was_told(platform::Level::warn, "in 32 shards"); }));
  EXPECT_FALSE(instance.store().is_available());
  EXPECT_FALSE(instance.refused) << "it is no start that could be stopped";
  server->ask({"HSET", meta_key("settings"), "shards", "64"});
  ASSERT_TRUE(until([&] { return instance.store().is_available(); }));
  settle(instance, 1, settlement(intent(1, at(1))));
}

TEST_F(Joining, TooManyNamesOfProcessorsAreRefused) {
  std::vector<Place> places;
  std::vector<std::string> names;
  while (names.size() < payment::max_processors) {
    names.push_back("p" + std::to_string(names.size()));
    places.push_back({names.back()});
  }
  Instance& all = begin_to_join(lease, false, places);
  ASSERT_TRUE(until([&] { return all.is_open; }));
  EXPECT_EQ(all.store().names(), names);
  Instance& one_more = begin_to_join(lease, false, {{"p0"}, {"another"}});
  ASSERT_TRUE(until([&] { return one_more.refused.has_value(); }));
  EXPECT_NE(one_more.refused->find("names of processors"), std::string::npos);
  // It is not entered for good either.
  Instance& late = begin_to_join(lease, false, places);
  ASSERT_TRUE(until([&] { return late.is_open || late.refused; }));
  EXPECT_TRUE(late.is_open);
}

TEST_F(Joining, ARedisThatIsStartedLaterIsWaitedFor) {
  serve();
  server->kill();
  Instance& instance = begin_to_join();
  ASSERT_TRUE(until([&] { return instance.was_told(platform::Level::warn, "waiting for redis"); }));
  EXPECT_FALSE(instance.is_open);
  server->start();
  ASSERT_TRUE(until([&] { return instance.is_open; }));
  send(instance, 1);
}

TEST_F(Joining, AReplicaIsWaitedForUntilItIsTheMaster) {
  serve();
  server->ask({"REPLICAOF", "127.0.0.1", "1"});
  Instance& instance = begin_to_join();
  ASSERT_TRUE(until([&] { return !instance.waits_for.empty(); }));
  EXPECT_EQ(instance.waits_for, "redis is a slave");
  EXPECT_FALSE(instance.is_open || instance.refused);
  server->ask({"REPLICAOF", "NO", "ONE"});  // its connections stay
  ASSERT_TRUE(until([&] { return instance.is_open; }));
  send(instance, 1);
}

TEST_F(Joining, ARightThatIsMissingIsRefusedBeforeThereIsAPayment) {
  serve();
  server->ask({"ACL", "SETUSER", "default", "-hincrby", "-scan"});
  Instance& instance = begin_to_join();
  ASSERT_TRUE(until([&] { return instance.refused.has_value(); }));
  EXPECT_NE(instance.refused->find("HINCRBY, SCAN"), std::string::npos) << *instance.refused;
  EXPECT_FALSE(instance.is_open);
}

TEST_F(Joining, ARedisThatMayLosePaymentsIsWarnedOf) {
  const auto warnings = [this](wire::TestServerOptions options) {
    serve(std::move(options));
    Instance& instance = join();
    std::string all;
    for (const auto& line : instance.log.lines()) {
      if (line.level == platform::Level::warn) all += line.text + "\n";
    }
    end(instance);
    return all;
  };
  EXPECT_EQ(warnings({}), "");
  EXPECT_NE(warnings({.appendonly = "no"}).find("appendonly is no"), std::string::npos);
  EXPECT_NE(warnings({.appendfsync = "everysec"}).find("appendfsync is everysec"),
            std::string::npos);
  EXPECT_NE(warnings({.settings = {"maxmemory-policy allkeys-lru"}}).find("may evict payments"),
            std::string::npos);
}

}  // namespace
}  // namespace payswitch::store::shared
