#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dispatch/dispatcher.h"
#include "http/message.h"
#include "store/peers.h"
#include "store/store.h"
#include "testing/world/log.h"
#include "testing/world/random.h"
#include "testing/world/world.h"

// What the routes work with in their tests.
namespace payswitch::api {

// Answers as the test says, from the loop, and notes what it was asked. It keeps nothing.
class FakeStore : public store::Store {
 public:
  explicit FakeStore(platform::Loop& loop) : loop_(loop) {}

  // -- what it answers --------------------------------------------------------------------------
  store::Verdict verdict = store::Verdict::accepted;
  Found found = std::optional<store::PaymentView>();
  std::expected<store::Summary, store::Unavailable> sums = store::Summary{};
  Listed page = std::optional(store::Page{});
  std::vector<store::OpenPayment> open_at_start = {};
  std::vector<std::string> processor_names = {};
  store::Facts kept = {};
  store::Counters counted = {};
  bool available = true;

  // -- what it was asked ------------------------------------------------------------------------
  std::vector<store::Acceptance> acceptances = {};
  std::vector<payment::CorrelationId> looked_for = {};
  std::vector<payment::CorrelationId> looked_for_durably = {};
  std::vector<books::Window> windows = {};
  std::string cursor = {};

  void start(Adopt adopt) override {
    if (!open_at_start.empty()) adopt(open_at_start);
  }
  void accept(const store::Acceptance& acceptance, AcceptDone done) override {
    acceptances.push_back(acceptance);
    loop_.post([this, done = std::move(done)]() mutable { done(verdict); });
  }
  void intend(const payment::CorrelationId&, const store::Intent&, IntendDone) override {}
  void refuse(const payment::CorrelationId&, const store::Refusal&) override {}
  void note_unknown(const payment::CorrelationId&) override {}
  void settle(const payment::CorrelationId&, const store::Settlement&, Done) override {}
  void park(const payment::CorrelationId&, payment::UtcMs, Done) override {}
  void find(const payment::CorrelationId& id, FindDone done) override {
    looked_for.push_back(id);
    loop_.post([this, done = std::move(done)]() mutable { done(found); });
  }
  void find_durable(const payment::CorrelationId& id, FindDone done) override {
    looked_for_durably.push_back(id);
    loop_.post([this, done = std::move(done)]() mutable { done(found); });
  }
  void summary(const books::Window& window, SummaryDone done) override {
    windows.push_back(window);
    loop_.post([this, done = std::move(done)]() mutable { done(sums); });
  }
  void list(const books::Window& window, const std::string& from, ListDone done) override {
    windows.push_back(window);
    cursor = from;
    loop_.post([this, done = std::move(done)]() mutable { done(page); });
  }
  const std::vector<std::string>& names() const override { return processor_names; }
  const store::Facts& facts() const override { return kept; }
  void keep_told(payment::UtcMs, Done done) override { loop_.post(std::move(done)); }
  payment::UtcMs highest_requested_at() const override { return {}; }
  bool is_available() const override { return available; }
  bool idle() const override { return true; }
  void end(Done done) override { loop_.post(std::move(done)); }
  const store::Counters& counters() const override { return counted; }

 private:
  platform::Loop& loop_;
};

// One request's client: what it was answered, and whether it is still there.
struct FakeClient final : http::ResponseSink {
  unsigned status = 0;  // 0: no answer yet
  std::string content_type = {};
  std::string body = {};
  std::map<std::string, std::string> fields = {};
  bool is_there = true;

  void respond(std::uint64_t, const http::Response& response) override {
    EXPECT_EQ(status, 0u) << "answered twice";
    status = response.status;
    content_type = response.content_type;
    body = response.body;
    for (const http::Field& field : response.fields) fields[std::string(field.name)] = field.value;
  }
  bool when_client_ends(std::uint64_t, Ended ended) override {
    ended_ = std::move(ended);
    return is_there;
  }
  void end() { ended_(); }

 private:
  Ended ended_;
};

// A problem with these parts: its status, the end of its type, its detail and its field. Empty: it
// has none.
MATCHER_P4(IsProblem, status, slug, detail, field, "") {
  const auto has = [&](std::string_view name, std::string_view value) {
    const std::string member = "\"" + std::string(name) + "\":";
    return value.empty() ? !arg.body.contains(member)
                         : arg.body.contains(member + "\"" + std::string(value) + "\"");
  };
  *result_listener << arg.status << " " << arg.body;
  return arg.status == static_cast<unsigned>(status) &&
         arg.content_type == "application/problem+json" &&
         has("type", "urn:payswitch:problem:" + std::string(slug)) && has("detail", detail) &&
         has("field", field);
}

// A dispatcher without processors on a fake store: payments are accepted and go nowhere.
struct ApiTest : testing::Test {
  static constexpr std::string_view id_text = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3";
  const payment::CorrelationId id = *payment::CorrelationId::parse(id_text);

  lab::World world;
  lab::SeededRandom random{1};
  lab::CollectedLog log;
  store::SingleInstance alone;
  FakeStore store{world};
  std::unique_ptr<dispatch::Dispatcher> dispatcher = make_dispatcher({});

  std::unique_ptr<dispatch::Dispatcher> make_dispatcher(
      const dispatch::Options& options,
      std::vector<std::unique_ptr<dispatch::Upstream>> upstreams = {}) {
    return std::make_unique<dispatch::Dispatcher>(
        options, routing::PolicyOptions{},
        dispatch::Dispatcher::Dependencies{store, alone, {world, world, world, random, log}},
        std::move(upstreams), [](const payment::CorrelationId&) {});
  }

  // A payment as the store knows it.
  store::PaymentView view(payment::State state) const {
    return {.id = id,
            .amount = payment::Money::from_cents(1990),
            .state = state,
            .accepted_at = lab::World::default_wall,
            .requested_at = {},
            .settled_at = {},
            .booked_amount = {},
            .attempts = {}};
  }

  // Asks a handler, and lets the loop run until it has nothing left to do now.
  template <class Handler>
  std::shared_ptr<FakeClient> ask(Handler&& handler, const http::Request& request) {
    auto client = std::make_shared<FakeClient>();
    handler(request, http::Responder(client, 0));
    world.run_for({});
    return client;
  }
};

}  // namespace payswitch::api
