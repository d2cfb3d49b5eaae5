#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "platform/linux/loop_fixture.h"
#include "platform/linux/real.h"
#include "redis/real_client.h"
#include "store/samples_fixture.h"
#include "store/shared/engine.h"
#include "testing/fixtures/redis_proxy.h"
#include "testing/fixtures/redis_server.h"
#include "testing/world/log.h"

// For tests: several instances of the store in one process, on one real Redis. Time is real and
// leases are short; a test waits for what must happen, and never for a moment.
namespace payswitch::store::shared {

// One instance, with a loop of its own: it sleeps whenever the test does not run that loop.
class Instance {
  platform::TestLoop loop_;  // ends after all that is on it

 public:
  Instance(const wire::Address& address, const RedisOptions& options, const Options& configured,
           bool is_behind_a_proxy)
      : options_(options) {
    wire::Options client_options;
    client_options.address = address;
    if (is_behind_a_proxy) {
      proxy = std::make_unique<wire::TestProxy>(loop_.context(), address.port);
      client_options.address.port = proxy->port();
    }
    client_ =
        wire::make_client({loop_.context(), *asio_loop_, *timers_, *clock_, *random_, *resolver_},
                          client_options, scripts_.all());
    shared_ = open(configured, options_, {*client_, scripts_, *timers_, *clock_, *random_, log},
                   *asio_loop_,
                   {.opened = [this] { begin(); },
                    .refused = [this](const std::string& line) { refused = line; },
                    .waiting = [this](const std::string& why) { waits_for = why; }});
  }

  Store& store() { return *shared_.store; }
  Peers& peers() { return *shared_.peers; }
  void run() { loop_.settle(); }
  // The name that it bears now; names change.
  std::string name() const {
    for (auto line = log.lines().rbegin(); line != log.lines().rend(); ++line) {
      const auto place = line->text.find("joined as ");
      if (place != std::string::npos) return line->text.substr(place + 10);
    }
    return {};
  }
  bool was_told(platform::Level level, std::string_view part) const {
    return log.count(level, part) > 0;
  }

  bool is_asleep = false;
  bool is_open = false;
  std::optional<std::string> refused;
  std::string waits_for;
  lab::CollectedLog log;
  std::unique_ptr<wire::TestProxy> proxy;
  std::vector<OpenPayment> adopted;

  // What the group said.
  std::uint32_t living = 0;
  payment::UtcMs issued;
  std::vector<payment::ProcessorNumber> opened;
  std::map<payment::ProcessorNumber, std::vector<Peers::Health>> health;
  // What it says of itself.
  Peers::Report report;

 private:
  void begin() {
    is_open = true;
    peers().listen(
        {.report = [this] { return report; },
         .health = [this](payment::ProcessorNumber processor,
                          const Peers::Health& found) { health[processor].push_back(found); },
         .opened = [this](payment::ProcessorNumber each) { opened.push_back(each); },
         .living = [this](std::uint32_t instances) { living = instances; },
         .issued = [this](payment::UtcMs time) { issued = std::max(issued, time); }});
    store().start([this](const std::vector<OpenPayment>& payments) {
      adopted.insert(adopted.end(), payments.begin(), payments.end());
    });
  }

  std::unique_ptr<platform::Loop> asio_loop_ = platform::make_real_loop(loop_.context());
  std::unique_ptr<platform::Clock> clock_ = platform::make_real_clock();
  std::unique_ptr<platform::Resolver> resolver_ = platform::make_real_resolver(loop_.context());
  std::unique_ptr<platform::Timers> timers_ = platform::make_real_timers(loop_.context(), *clock_);
  std::unique_ptr<platform::Random> random_ = platform::make_real_random();
  Scripts scripts_;
  RedisOptions options_;
  std::unique_ptr<wire::Client> client_;
  Shared shared_;
};

class Instances : public testing::Test {
 protected:
  // Of those that shall keep it, also where many tests share a machine; and of those that die or
  // sleep.
  static constexpr auto lease = std::chrono::milliseconds(1'000);
  static constexpr auto short_lease = std::chrono::milliseconds(300);

  // Nothing waits for what may have run, unless a test says so.
  platform::Duration verdict_within{0};

  // It outlives kill -9, and waits for no disk.
  void serve(wire::TestServerOptions wanted = {.appendfsync = "no"}) {
    server = std::make_unique<wire::TestServer>(std::move(wanted));
  }
  void TearDown() override { instances_.clear(); }

  // -- who takes part --

  Instance& begin_to_join(platform::Duration its_lease = lease, bool is_behind_a_proxy = false,
                          const std::vector<Place>& places = {{"default"}, {"fallback"}}) {
    return begin_to_join_as({.processors = places}, its_lease, is_behind_a_proxy);
  }
  Instance& begin_to_join_as(const Options& configured, platform::Duration its_lease = lease,
                             bool is_behind_a_proxy = false) {
    if (!server) serve();
    RedisOptions options;
    options.lease = its_lease;
    options.verdict_within = verdict_within;
    return *instances_.emplace_back(
        std::make_unique<Instance>(server->address(), options, configured, is_behind_a_proxy));
  }
  Instance& join(platform::Duration its_lease = lease, bool is_behind_a_proxy = false) {
    Instance& instance = begin_to_join(its_lease, is_behind_a_proxy);
    EXPECT_TRUE(until([&] { return instance.is_open; }));
    return instance;
  }
  // As kill -9 would.
  void end(Instance& instance) {
    std::erase_if(instances_, [&](const auto& each) { return each.get() == &instance; });
  }

  // Lets all who are awake go on until it is so; gives up after half a minute.
  template <class Condition>
  [[nodiscard]] bool until(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      for (const auto& each : instances_) {
        if (!each->is_asleep) each->run();
      }
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
  }

  // -- what they do, waiting for the answer --

  Verdict accept(Instance& instance, const Acceptance& acceptance) {
    std::optional<Verdict> verdict;
    instance.store().accept(acceptance, [&](Verdict given) { verdict = given; });
    EXPECT_TRUE(until([&] { return verdict.has_value(); }));
    return verdict.value_or(Verdict::unavailable);
  }
  bool intend(Instance& instance, std::uint32_t number, const Intent& intent) {
    std::optional<bool> granted;
    instance.store().intend(test_id(number), intent,
                            [&](bool is_granted) { granted = is_granted; });
    EXPECT_TRUE(until([&] { return granted.has_value(); }));
    return granted.value_or(false);
  }
  void settle(Instance& instance, std::uint32_t number, const Settlement& settlement) {
    bool done = false;
    instance.store().settle(test_id(number), settlement, [&] { done = true; });
    EXPECT_TRUE(until([&] { return done; }));
  }
  void park(Instance& instance, std::uint32_t number) {
    bool done = false;
    instance.store().park(test_id(number), at(9'000), [&] { done = true; });
    EXPECT_TRUE(until([&] { return done; }));
  }
  void refuse(Instance& instance, std::uint32_t number, const Intent& intent,
              payment::Outcome reason = payment::Outcome::refused) {
    instance.store().refuse(
        test_id(number),
        {.processor = intent.processor, .number = intent.number, .reason = reason});
    EXPECT_TRUE(until([&] { return instance.store().idle(); }));
  }
  std::optional<PaymentView> find(Instance& instance, std::uint32_t number) {
    std::optional<Store::Found> found;
    instance.store().find(test_id(number), [&](const Store::Found& said) { found = said; });
    EXPECT_TRUE(until([&] { return found.has_value(); }));
    return found && *found ? **found : std::nullopt;
  }
  // Empty: it is unavailable.
  std::vector<payment::Total> summary(Instance& instance, const books::Window& window = {}) {
    std::optional<std::vector<payment::Total>> totals;
    instance.store().summary(window, [&](const auto& said) {
      totals = said ? said->by_processor : std::vector<payment::Total>();
    });
    EXPECT_TRUE(until([&] { return totals.has_value(); }));
    return totals.value_or(std::vector<payment::Total>());
  }
  // Accepted with a carried intent, which has no answer yet.
  Intent send(Instance& instance, std::uint32_t number, std::int64_t amount = 1990) {
    const Intent first = store::intent(1, at(number), cheap);
    EXPECT_EQ(accept(instance, acceptance(number, amount, first)), Verdict::accepted);
    return first;
  }

  // -- what Redis says --

  std::string field(std::uint32_t number, const std::string& name) const {
    return server->ask({"HGET", payment_key(test_id(number)), name}).text;
  }
  bool exists(std::uint32_t number) const {
    return server->ask({"EXISTS", payment_key(test_id(number))}).integer == 1;
  }
  std::string owner(std::uint32_t number) const { return field(number, "o"); }
  // By Redis' own clock.
  bool lease_has_run_out(const std::string& name) const {
    const auto now = server->ask({"TIME"});
    const auto score = server->ask({"ZSCORE", meta_key("leases"), name});
    const auto now_ms = std::atoll(now.elements.at(0).text.c_str()) * 1000 +
                        std::atoll(now.elements.at(1).text.c_str()) / 1000;
    return score.text.empty() || std::atoll(score.text.c_str()) < now_ms;
  }
  // It sleeps until its lease is over.
  void oversleep(Instance& sleeper) {
    const std::string name = sleeper.name();
    sleeper.is_asleep = true;
    EXPECT_TRUE(until([&] { return lease_has_run_out(name); }));
  }
  static bool has_adopted(const Instance& instance, std::uint32_t number) {
    return times_adopted(instance, number) > 0;
  }
  static std::size_t times_adopted(const Instance& instance, std::uint32_t number) {
    return static_cast<std::size_t>(
        std::ranges::count(instance.adopted, test_id(number), &OpenPayment::id));
  }

  std::unique_ptr<wire::TestServer> server;

 private:
  std::vector<std::unique_ptr<Instance>> instances_;
};

}  // namespace payswitch::store::shared
