#include <algorithm>
#include <memory>

#include "platform/linux/loop_fixture.h"
#include "platform/linux/real.h"
#include "redis/real_client.h"
#include "store/contract_fixture.h"
#include "store/shared/engine.h"
#include "testing/fixtures/redis_server.h"
#include "testing/world/log.h"

namespace payswitch::store {
namespace {

// A store on a real Redis, in real time: the lease is short, so that what a life leaves behind is
// taken over soon.
class RedisUnderTest final : public StoreUnderTest {
 public:
  explicit RedisUnderTest(bool is_kept)
      : is_kept_(is_kept), server_({.appendonly = is_kept ? "yes" : "no"}) {
    options_.lease = std::chrono::seconds(1);
    EXPECT_EQ(open(), "");
  }
  ~RedisUnderTest() override { close(); }

  Store& store() override { return *store_; }
  std::vector<OpenPayment> adopted() override { return adopted_; }
  void settle_down() override {
    EXPECT_TRUE(loop_.until([this] { return store_->idle(); }));
    loop_.settle();
  }

  bool restart() override {
    crash();
    EXPECT_EQ(open(), "");
    EXPECT_TRUE(
        loop_.until([&] { return adopted_.size() >= open_before_ && store_->is_available(); }));
    return true;
  }
  std::string refusal() override {
    crash();
    return open();
  }

 private:
  // As the group knows it.
  std::int64_t issued() const {
    return std::atoll(server_.ask({"HGET", "ps:{meta}:settings", "issued"}).text.c_str());
  }

  void crash() {
    if (!store_) return;
    open_before_ = store_->counters().open();
    EXPECT_TRUE(loop_.until([this] { return issued() >= store_->highest_requested_at().value; }));
    close();
    if (is_kept_) {
      server_.kill();
      server_.start();
    }
  }

  // What it is refused with; empty: it is open.
  std::string open() {
    adopted_.clear();
    payswitch::redis::Options client_options;
    client_options.address = server_.address();
    client_ = payswitch::redis::make_client(
        {loop_.context(), *asio_loop_, *timers_, *clock_, *random_, *resolver_}, client_options,
        scripts_.all());
    bool is_open = false;
    std::string refused;
    shared_ = shared::open(options, options_,
                           {*client_, scripts_, *timers_, *clock_, *random_, log_}, *asio_loop_,
                           {.opened = [&] { is_open = true; },
                            .refused = [&](const std::string& line) { refused = line; }});
    EXPECT_TRUE(loop_.until([&] { return is_open || !refused.empty(); }));
    if (!is_open) {
      close();
      return refused;
    }
    store_ = shared_.store.get();
    store_->start([this](const std::vector<OpenPayment>& open) {
      adopted_.insert(adopted_.end(), open.begin(), open.end());
    });
    return {};
  }
  void close() {
    store_ = nullptr;
    shared_ = {};
    client_.reset();
  }

  bool is_kept_;
  payswitch::redis::TestServer server_;
  platform::TestLoop loop_;
  std::unique_ptr<platform::Loop> asio_loop_ = platform::make_real_loop(loop_.context());
  std::unique_ptr<platform::Clock> clock_ = platform::make_real_clock();
  std::unique_ptr<platform::Resolver> resolver_ = platform::make_real_resolver(loop_.context());
  std::unique_ptr<platform::Timers> timers_ = platform::make_real_timers(loop_.context(), *clock_);
  std::unique_ptr<platform::Random> random_ = platform::make_real_random();
  lab::CollectedLog log_;
  shared::Scripts scripts_;
  RedisOptions options_;
  std::unique_ptr<payswitch::redis::Client> client_;
  shared::Shared shared_;
  Store* store_ = nullptr;
  std::vector<OpenPayment> adopted_;
  std::uint64_t open_before_ = 0;  // when it crashed
};

StoreMaker maker(const char* name, bool is_kept) {
  return {name, [is_kept] { return std::make_unique<RedisUnderTest>(is_kept); }};
}

INSTANTIATE_TEST_SUITE_P(Redis, StoreContract,
                         testing::Values(maker("appendonly", true), maker("memory", false)),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace payswitch::store
